import { claudeArguments, codexArguments, type CliCommand } from './cliCommands.ts';
import { makeCliHome, type CliHome } from './cliHome.ts';
import { cliPath, CliRun } from './cliProgram.ts';
import { openFakeAnthropic } from './fakeAnthropic.ts';
import type { FakeEndpoint } from './fakeEndpoint.ts';
import { openFakeMcp, type FakeMcp, type PermissionDecision, type PermissionRequest } from './fakeMcp.ts';
import { openFakeOpenAi } from './fakeOpenAi.ts';
import { withReplies, type Reply } from './replyScript.ts';

export interface CliStart extends CliCommand {
  readonly replies?: readonly Reply[];
  readonly prompt?: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** Fields of an agent in the configuration; `env` goes beyond that of the home. */
export interface CliAgent {
  readonly env?: Readonly<Record<string, string | { readonly secret: string }>>;
  readonly [field: string]: unknown;
}

/** Fake providers, a fake MCP server and a home whose CLIs talk to them. Closed by `await using`. */
export class CliSetup implements AsyncDisposable {
  readonly anthropic: FakeEndpoint;
  readonly openAi: FakeEndpoint;
  readonly board: FakeMcp;
  readonly home: CliHome;
  readonly #runs: CliRun[] = [];

  private constructor(parts: { anthropic: FakeEndpoint; openAi: FakeEndpoint; board: FakeMcp }) {
    this.anthropic = parts.anthropic;
    this.openAi = parts.openAi;
    this.board = parts.board;
    this.home = makeCliHome({ anthropic: this.anthropic.url, openAi: this.openAi.url });
  }

  static async open({
    decide,
  }: { readonly decide?: (request: PermissionRequest) => PermissionDecision } = {}): Promise<CliSetup> {
    const [anthropic, openAi] = [await openFakeAnthropic(), await openFakeOpenAi()];
    return new CliSetup({ anthropic, openAi, board: await openFakeMcp(decide === undefined ? {} : { decide }) });
  }

  /** The real claude, by the command line that its adapter uses. */
  claude(start: CliStart): CliRun {
    return this.#start('claude', start, {
      args: claudeArguments(start, this.board),
      env: { CLAUDE_CODE_MAX_RETRIES: '1', ENABLE_TOOL_SEARCH: 'false' },
    });
  }

  /** The real codex, by the command line that its adapter uses. */
  codex(start: CliStart): CliRun {
    const token = typeof start.board === 'object' ? start.board.token : this.board.token;
    return this.#start('codex', start, { args: codexArguments(start, this.board), env: { BOARD_TOKEN: token } });
  }

  /** A configuration with agents that drive a real CLI, each with what it has of its own. JSON is YAML. */
  configuration(name: 'claude' | 'codex', agents: Readonly<Record<string, CliAgent>>): string {
    const common = { adapter: `${name}_local`, command: cliPath(name), shareCwd: true, loopBreaker: false, retries: 0 };
    const all = Object.entries(agents).map(([key, { env, ...own }]) => {
      // A provider each: the limits of one hold up no other.
      return [key, { ...common, provider: key, ...own, env: { ...this.home.env, ...env } }] as const;
    });
    return JSON.stringify({ defaults: { graceSec: 5 }, agents: Object.fromEntries(all) });
  }

  #start(
    name: 'claude' | 'codex',
    { replies = [], prompt = 'Please.', env }: CliStart,
    command: { readonly args: readonly string[]; readonly env: Readonly<Record<string, string>> },
  ): CliRun {
    const run = new CliRun(cliPath(name), {
      home: this.home,
      args: command.args,
      prompt: withReplies(prompt, replies),
      env: { ...command.env, ...env },
    });
    this.#runs.push(run);
    return run;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const run of this.#runs) await run[Symbol.asyncDispose]();
    await Promise.all([this.anthropic, this.openAi, this.board].map((one) => one[Symbol.asyncDispose]()));
    this.home[Symbol.dispose]();
  }
}
