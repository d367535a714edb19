import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Adapter, RunRequest } from '../../src/runtime/adapters/adapter.ts';
import type { AgentEvent, EventReader } from '../../src/runtime/adapters/events.ts';
import { LineSplitter } from '../../src/runtime/adapters/lineSplitter.ts';
import { planProcess } from '../../src/runtime/adapters/process.ts';
import { systemClock } from '../../src/runtime/clock.ts';
import type { AgentDefinition } from '../../src/runtime/definition.ts';
import type { Executor } from '../../src/runtime/runs/executor.ts';
import { putAgentDefinition } from '../../src/runtime/store/agentTable.ts';
import type { RunRow } from '../../src/runtime/store/runTable.ts';
import { findSession, type SavedSession } from '../../src/runtime/store/sessionTable.ts';
import type { WakeRequest } from '../../src/runtime/wakeups/inbox.ts';
import { makeDefinition } from './policies.ts';
import { makeTemporaryFolder } from './temporaryFolder.ts';
import { openExecutor, recordsOf, type TestExecutor } from './testExecutor.ts';
import { WakeFixture } from './wakeFixture.ts';

/** A program of this kind says lines such as `session ID`, `context 900`, `said TEXT`, `result TEXT` and `failure session_lost`. */
class WordReader implements EventReader {
  readonly #lines = new LineSplitter(1000);

  push(bytes: Uint8Array, stream: 'out' | 'err'): AgentEvent[] {
    const events: AgentEvent[] = [];
    if (stream === 'out')
      this.#lines.push(bytes, (line) => {
        events.push(...toEvents(Buffer.from(line ?? []).toString()));
      });
    return events;
  }

  end(): AgentEvent[] {
    return [];
  }
}

function toEvents(line: string): AgentEvent[] {
  const [, word, rest = ''] = /^(\w+) (.*)$/.exec(line) ?? [];
  switch (word) {
    case 'session':
      return [{ kind: 'session', params: { id: rest } }];
    case 'context':
      return [{ kind: 'context', tokens: Number(rest) }];
    case 'said':
      return [{ kind: 'message', text: rest }];
    case 'result':
      return [{ kind: 'result', status: 'succeeded', message: rest, hasChanged: null }];
    case 'failure':
      return [{ kind: 'failure', code: rest as 'session_lost', message: null }];
    default:
      return [];
  }
}

/** Agents whose program finds the name of its conversation in `SESSION`, '' for a new one. */
const talking: Adapter = {
  type: 'claude_local',
  capabilities: () => ({ resume: true, usage: 'none', permissions: 'none', stop: 'signal', success: 'exit' }),
  check: () => ({ findings: [], probes: [] }),
  plan: (definition, request) => {
    const plan = planProcess(process.platform, definition, request);
    return { ...plan, env: { ...plan.env, SESSION: request.session?.['id'] ?? '' } };
  },
  read: () => new WordReader(),
  codec: {
    parse: (stored) => (isNamed(stored) && stored.id !== 'unreadable' ? { id: stored.id } : null),
    displayId: ({ id = '' }) => id,
  },
  books: null,
};

function isNamed(stored: unknown): stored is { readonly id: string } {
  return typeof stored === 'object' && stored !== null && 'id' in stored && typeof stored.id === 'string';
}

/** Queue, store and executor with real programs, of an agent `a` whose program has conversations. */
export class SessionScene implements AsyncDisposable {
  readonly fixture: WakeFixture;
  readonly executor: Executor;
  readonly requests: RunRequest[] = [];
  readonly #folder = makeTemporaryFolder();
  readonly #opened: TestExecutor;

  private constructor(fixture: WakeFixture) {
    this.fixture = fixture;
    this.#opened = openExecutor(this.#folder.path, {
      records: recordsOf(fixture),
      adapterOf: (type) => ({
        ...talking,
        type,
        plan: (definition, request) => {
          this.requests.push(request);
          return talking.plan(definition, request);
        },
      }),
      clock: { ...systemClock, now: () => fixture.clock.now() },
    });
    this.executor = this.#opened.executor;
  }

  static async open(program: string, definition: Partial<AgentDefinition> = {}): Promise<SessionScene> {
    const scene = new SessionScene(await WakeFixture.open());
    scene.define(program, definition);
    return scene;
  }

  get logs(): string {
    return this.#opened.logs;
  }

  get folder(): string {
    return this.#folder.path;
  }

  /** What the agent is from now on: its program is a script for the shell. */
  define(program: string, definition: Partial<AgentDefinition> = {}): void {
    writeFileSync(join(this.#folder.path, 'program.sh'), program);
    const script = { command: 'sh', args: [join(this.#folder.path, 'program.sh')], adapter: 'claude_local' } as const;
    this.fixture.state.commit((transaction) => {
      putAgentDefinition(transaction, {
        ...{ key: 'a', position: 0, fingerprint: 'f', isEnforced: true, anchorAt: 0 },
        definition: makeDefinition(this.#folder.path, { key: 'a', ...script, ...definition }),
      });
    });
  }

  /** Wakes the agent, or starts what is queued already; answers its run's id as soon as it is claimed, and its end. */
  begin(request: Partial<WakeRequest> = {}): { readonly runId: string; readonly ended: Promise<RunRow> } {
    const runId = this.fixture.queued[0]?.id ?? this.fixture.ask({ taskKey: 'T', ...request }).runId ?? '';
    const claimed = this.fixture.queue.claim(runId, { commandLine: 'sh', cwd: this.#folder.path });
    if (!claimed) throw new Error('The run was not to be claimed.');
    const { run, agent, session, wakeups } = claimed;
    const execution = this.executor.execute({ run, definition: agent.definition, issue: null, session, wakeups });
    return { runId, ended: execution.then(() => this.fixture.run(runId)) };
  }

  /** Lets the agent run once; answers how that ended. */
  run(request: Partial<WakeRequest> = {}): Promise<RunRow> {
    return this.begin(request).ended;
  }

  /** The session of a task, as it is kept. */
  session(taskKey = 'T', adapter = 'claude_local'): SavedSession | undefined {
    return findSession(this.fixture.store, { agent: 'a', taskKey, adapter });
  }

  readLog(runId: string): string {
    return readFileSync(join(this.logs, `${runId}.log`), 'utf8');
  }

  /** What the program of the last attempt was told. */
  get lastRequest(): RunRequest {
    const request = this.requests.at(-1);
    if (!request) throw new Error('Nothing was planned yet.');
    return request;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#opened[Symbol.dispose]();
    await this.fixture[Symbol.asyncDispose]();
    this.#folder[Symbol.dispose]();
    this.#opened.logger.assertQuiet();
  }
}
