import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Run } from '../../src/runtime/model.ts';
import { commandsOf } from './cliProgram.ts';
import { CliSetup, type CliAgent } from './cliSetup.ts';
import { anthropicReplies, anthropicRequests } from './fakeAnthropic.ts';
import type { PermissionDecision, PermissionRequest } from './fakeMcp.ts';
import { openAiReplies, openAiRequests } from './fakeOpenAi.ts';
import { poll } from './poll.ts';
import { sumUsage, withReplies, type Reply, type ReplyUsage } from './replyScript.ts';
import { Place } from './runtimeProcess.ts';
import type { TestWindow } from './testWindow.ts';

/** A run that was asked for, and how much the model had been asked before. */
interface StagedRun {
  readonly id: string;
  readonly asked: number;
}

/** A run of a real CLI that has settled. */
export interface EndedRun {
  readonly run: Run;
  readonly log: string;
  /** What the model was asked meanwhile, each as JSON. */
  readonly requests: readonly string[];
  /** What its answers used, by the provider. */
  readonly given: ReplyUsage;
}

export const sleep = 'sleep 304';
/** A call of a command that makes a file in the workspace and then works on for minutes. */
export const sleepAfter = (mark: string): Reply => ({ call: { shell: `touch ${mark}; ${sleep}` } });

const limitMs = 40_000;
/** Of a log, in a failure. */
const shownCharacters = 6000;

/**
 * A real CLI as agents of a real runtime process, against fake endpoints. Tests share one and run one after the other, each with
 * agents or task keys of its own.
 */
export class CliStage implements AsyncDisposable {
  readonly name: 'claude' | 'codex';
  readonly setup: CliSetup;
  readonly place: Place;
  readonly window: TestWindow;
  #runIds: string[] = [];

  private constructor(name: 'claude' | 'codex', parts: { setup: CliSetup; place: Place; window: TestWindow }) {
    this.name = name;
    this.setup = parts.setup;
    this.place = parts.place;
    this.window = parts.window;
  }

  static async open(name: 'claude' | 'codex', toAgents: (setup: CliSetup) => Readonly<Record<string, CliAgent>>) {
    const setup = await CliSetup.open({ decide: decideByCommand });
    const place = await Place.make({ configuration: setup.configuration(name, toAgents(setup)) });
    const window = await place.openReadyWindow();
    return new CliStage(name, { setup, place, window });
  }

  /** Wakes an agent; its model will answer as told. */
  async wake(agent: string, replies: readonly Reply[], params: { prompt?: string; taskKey?: string } = {}) {
    const { prompt = 'Please.', taskKey = crypto.randomUUID() } = params;
    return this.begin(() => this.window.wake(agent, { text: withReplies(prompt, replies), taskKey }));
  }

  /** Asks for a run by whatever answers its id. */
  async begin(ask: () => Promise<string | null | undefined>): Promise<StagedRun> {
    const asked = this.#requests.length;
    const id = await ask();
    assert(typeof id === 'string', 'there is no run');
    this.#runIds.push(id);
    return { id, asked };
  }

  /** Resolves with a run once it has settled. */
  async settled({ id, asked }: StagedRun): Promise<EndedRun> {
    const run = await this.window.settled(id, limitMs);
    const requests = this.#requests.slice(asked);
    const given = sumUsage(requests.map(({ reply }) => reply));
    return { run, log: await this.window.readLog(id), requests: requests.map(({ text }) => text), given };
  }

  /** Wakes an agent and waits until its run has settled. */
  async run(agent: string, replies: readonly Reply[], params: { prompt?: string; taskKey?: string } = {}) {
    return this.settled(await this.wake(agent, replies, params));
  }

  /** Resolves once a command of a run, as `sleepAfter` makes one, has begun. */
  async untilAsleep({ id }: StagedRun, mark: string): Promise<void> {
    await poll(() => existsSync(join(this.place.folder, mark)), `the run makes ${mark}`, limitMs);
    await poll(async () => (await commandsOf(id)).includes(sleep), 'its command sleeps');
  }

  /** Resolves once the log of a run holds a text. */
  async untilSaid({ id }: StagedRun, text: string): Promise<void> {
    await poll(async () => (await this.window.readLog(id)).includes(text), `the run says ${text}`, limitMs);
  }

  /** Resolves once the model was asked by a run, and has begun its answer. */
  async untilAsked({ asked }: StagedRun): Promise<void> {
    await poll(() => this.#requests.length > asked, 'the model is asked', limitMs);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.place[Symbol.asyncDispose]();
    await this.setup[Symbol.asyncDispose]();
  }

  get #requests(): readonly { readonly text: string; readonly reply: Reply }[] {
    const { anthropic, openAi } = this.setup;
    const bodies = this.name === 'claude' ? anthropicRequests(anthropic) : openAiRequests(openAi);
    const replies =
      this.name === 'claude' ? anthropicReplies(anthropicRequests(anthropic)) : openAiReplies(openAiRequests(openAi));
    return bodies.map((body, index) => ({ text: JSON.stringify(body), reply: replies[index] ?? {} }));
  }

  /** An error with what the runs of a test printed. */
  async explain(error: unknown): Promise<Error> {
    const runs = this.#runIds.map(async (id) => {
      const run = this.window.connection.state?.runs.get(id);
      const log = await this.window.readLog(id).catch(String);
      return `${JSON.stringify(run)}\n${log.slice(-shownCharacters)}`;
    });
    const { message, stack } = error as Error;
    const printed = (await Promise.all(runs)).join('\n\n');
    const explained = new Error(`${message}\n\nThe runs and what they printed:\n${printed}`, { cause: error });
    explained.stack = `${explained.message}\n${stack ?? ''}`;
    return explained;
  }

  /** The runs of an earlier test are not the next one's. */
  forgetRuns(): void {
    this.#runIds = [];
  }
}

/** Declares a test on a stage. */
export type StageTest = (what: string, test: (stage: CliStage) => Promise<void>) => void;

/** A stage for all tests of the surrounding `describe`; a failure of a test made with it says what its runs printed. */
export function useCliStage(
  name: 'claude' | 'codex',
  toAgents: (setup: CliSetup) => Readonly<Record<string, CliAgent>>,
): StageTest {
  let stage: CliStage;
  before(async () => {
    stage = await CliStage.open(name, toAgents);
  });
  after(() => stage[Symbol.asyncDispose]());
  return (what, test) => {
    it(what, async () => {
      stage.forgetRuns();
      try {
        await test(stage);
      } catch (error) {
        throw await stage.explain(error);
      }
    });
  };
}

/** Commands say themselves what becomes of them. */
function decideByCommand({ input }: PermissionRequest): PermissionDecision {
  const command = JSON.stringify(input);
  if (command.includes('allowed')) return { behavior: 'allow' };
  return { behavior: 'deny', message: 'Not today.', interrupt: command.includes('stopped') };
}
