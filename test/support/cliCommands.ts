import type { FakeMcp } from './fakeMcp.ts';

/** What a command line of a CLI depends on. */
export interface CliCommand {
  /** A session to go on with. */
  readonly resumed?: string;
  /** More arguments of the CLI itself. */
  readonly args?: readonly string[];
  /** With the MCP server `board`; a token other than its own may be given. */
  readonly board?: true | { readonly token: string };
}

/** Claude, printing what it does; the prompt comes on standard input. */
export function claudeArguments({ resumed, args = [], board }: CliCommand, server: FakeMcp): readonly string[] {
  return [
    ...['-p', '--output-format', 'stream-json', '--verbose', '--include-partial-messages'],
    ...['--setting-sources', 'user', '--strict-mcp-config'],
    ...(board === undefined ? [] : claudeBoard(server, board === true ? server.token : board.token)),
    ...(resumed === undefined ? [] : ['--resume', resumed]),
    ...args,
  ];
}

function claudeBoard({ url }: FakeMcp, token: string): readonly string[] {
  const headers = { Authorization: `Bearer ${token}` };
  const config = { mcpServers: { board: { type: 'http', url, headers, timeout: 600_000 } } };
  return ['--mcp-config', JSON.stringify(config), '--permission-prompt-tool', 'mcp__board__permission_prompt'];
}

/** Codex, printing what it does; the prompt comes on standard input, the token of `board` in `BOARD_TOKEN`. */
export function codexArguments({ resumed, args = [], board }: CliCommand, server: FakeMcp): readonly string[] {
  return [
    ...['exec', '--json', '--skip-git-repo-check', '-s', 'danger-full-access'],
    ...(board === undefined ? [] : codexBoard(server)),
    ...args,
    ...(resumed === undefined ? ['-'] : ['resume', resumed, '-']),
  ];
}

function codexBoard({ url }: FakeMcp): readonly string[] {
  return [
    ...['-c', `mcp_servers.board.url="${url}"`],
    ...['-c', 'mcp_servers.board.bearer_token_env_var="BOARD_TOKEN"'],
    ...['-c', 'mcp_servers.board.default_tools_approval_mode="approve"'],
  ];
}
