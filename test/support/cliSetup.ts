import { claudeArguments, codexArguments, type CliCommand } from './cliCommands.ts';
import { makeCliHome, type CliHome } from './cliHome.ts';
import { cliPath, CliRun } from './cliProgram.ts';
import { openFakeAnthropic } from './fakeAnthropic.ts';
import type { FakeEndpoint } from './fakeEndpoint.ts';
import { openFakeMcp, type FakeMcp, type PermissionDecision } from './fakeMcp.ts';
import { openFakeOpenAi } from './fakeOpenAi.ts';
import { withReplies, type Reply } from './replyScript.ts';

export interface CliStart extends CliCommand {
  readonly replies?: readonly Reply[];
  readonly prompt?: string;
  readonly env?: Readonly<Record<string, string>>;
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

  static async open({ decide }: { readonly decide?: () => PermissionDecision } = {}): Promise<CliSetup> {
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

  /** A configuration with the agent `coder` that drives a real CLI as any program. JSON is YAML. */
  configuration(name: 'claude' | 'codex'): string {
    const args =
      name === 'claude'
        ? claudeArguments({ args: ['--allowedTools', 'Bash'] }, this.board)
        : codexArguments({}, this.board);
    const coder = { adapter: 'process', command: cliPath(name), args, env: this.home.env };
    return JSON.stringify({ defaults: { graceSec: 5 }, agents: { coder } });
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
