import { makeCliHome, type CliHome } from './cliHome.ts';
import { cliPath, CliRun } from './cliProgram.ts';
import { openFakeAnthropic } from './fakeAnthropic.ts';
import type { FakeEndpoint } from './fakeEndpoint.ts';
import { openFakeMcp, type FakeMcp, type PermissionDecision } from './fakeMcp.ts';
import { openFakeOpenAi } from './fakeOpenAi.ts';
import { withReplies, type Reply } from './replyScript.ts';

export interface CliStart {
  readonly replies?: readonly Reply[];
  readonly prompt?: string;
  /** A session to go on with. */
  readonly resumed?: string;
  /** More arguments of the CLI itself. */
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** With the MCP server `board`; a token other than its own may be given. */
  readonly board?: true | { readonly token: string };
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
  claude({ replies = [], prompt = 'Please.', resumed, args = [], env = {}, board }: CliStart): CliRun {
    const mcp = board === undefined ? [] : this.#claudeBoard(board === true ? this.board.token : board.token);
    return this.#start('claude', {
      args: [
        ...['-p', '--output-format', 'stream-json', '--verbose', '--include-partial-messages'],
        ...['--setting-sources', 'user', '--strict-mcp-config', ...mcp],
        ...(resumed === undefined ? [] : ['--resume', resumed]),
        ...args,
      ],
      prompt: withReplies(prompt, replies),
      env: { CLAUDE_CODE_MAX_RETRIES: '1', ENABLE_TOOL_SEARCH: 'false', ...env },
    });
  }

  /** The real codex, by the command line that its adapter uses. */
  codex({ replies = [], prompt = 'Please.', resumed, args = [], env = {}, board }: CliStart): CliRun {
    const token = board === undefined || board === true ? this.board.token : board.token;
    return this.#start('codex', {
      args: [
        ...['exec', '--json', '--skip-git-repo-check', '-s', 'danger-full-access'],
        ...(board === undefined ? [] : this.#codexBoard()),
        ...args,
        ...(resumed === undefined ? ['-'] : ['resume', resumed, '-']),
      ],
      prompt: withReplies(prompt, replies),
      env: { BOARD_TOKEN: token, ...env },
    });
  }

  #claudeBoard(token: string): readonly string[] {
    const headers = { Authorization: `Bearer ${token}` };
    const config = { mcpServers: { board: { type: 'http', url: this.board.url, headers, timeout: 600_000 } } };
    return ['--mcp-config', JSON.stringify(config), '--permission-prompt-tool', 'mcp__board__permission_prompt'];
  }

  #codexBoard(): readonly string[] {
    return [
      ...['-c', `mcp_servers.board.url="${this.board.url}"`],
      ...['-c', 'mcp_servers.board.bearer_token_env_var="BOARD_TOKEN"'],
      ...['-c', 'mcp_servers.board.default_tools_approval_mode="approve"'],
    ];
  }

  #start(name: 'claude' | 'codex', options: { args: string[]; prompt: string; env: Record<string, string> }): CliRun {
    const run = new CliRun(cliPath(name), { home: this.home, ...options });
    this.#runs.push(run);
    return run;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const run of this.#runs) await run[Symbol.asyncDispose]();
    await Promise.all([this.anthropic, this.openAi, this.board].map((one) => one[Symbol.asyncDispose]()));
    this.home[Symbol.dispose]();
  }
}
