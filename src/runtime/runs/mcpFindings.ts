import type { Finding } from '../adapters/adapter.ts';
import type { McpServer, SecretText } from '../definition.ts';
import { findProgram, type ProgramPlace } from './findProgram.ts';
import { reachServer, type Reach } from './reachServer.ts';

/** What MCP servers are looked at with. */
export interface McpTools {
  readonly place: ProgramPlace;
  readonly secrets: Readonly<Record<string, string>>;
  /** False: no request is made and nothing started, only what lies on the disk is looked at. */
  readonly mayAsk: boolean;
  /** Ends a request that takes too long. */
  readonly signal: () => AbortSignal;
}

const initialize = {
  jsonrpc: '2.0',
  id: 1,
  method: 'initialize',
  params: { protocolVersion: '2025-06-18', capabilities: {}, clientInfo: { name: 'reveille-check', version: '1' } },
};

/** Whether a server of tools is there: one on HTTP is asked to begin, the command of one on this machine is looked for. */
export async function checkMcpServer(name: string, server: McpServer, tools: McpTools): Promise<Finding> {
  const finding = (level: Finding['level'], text: string, fix: string | null = null): Finding => ({
    id: `mcp.${name}`,
    level,
    text: `Tools “${name}”: ${text}`,
    fix,
  });
  if (server.type === 'stdio') {
    const file = await findProgram(server.command, tools.place);
    return file === null
      ? finding(
          'error',
          `${server.command} was not found.`,
          `Install it, or correct the command of mcpServers.${name}.`,
        )
      : finding('ok', `${file} is there; it was not started.`);
  }
  const shown = withoutSecrets(server.url);
  const headers = reveal(server.headers, tools.secrets);
  if (headers === null) {
    return finding('error', `${shown} was not asked: a secret of its headers is missing.`, 'Set the missing secret.');
  }
  if (!tools.mayAsk) return finding('warning', `${shown} was not asked.`, 'Accept the definition, then check again.');
  return judge(await ask(server.url, headers, tools), shown, finding);
}

type Say = (level: Finding['level'], text: string, fix?: string | null) => Finding;

/** What an answer to `initialize` means. */
function judge(reach: Reach, url: string, finding: Say): Finding {
  const correct = 'Start the server, or correct its address.';
  if (reach.kind === 'failed') return finding('error', `${url} cannot be reached: ${reach.reason}.`, correct);
  const { status, text } = reach;
  if (status === 401 || status === 403) {
    const fix = 'Correct the headers or the secret that they name.';
    return finding('error', `${url} refuses the headers (${String(status)}).`, fix);
  }
  if (status < 200 || status > 299) return finding('error', `${url} answers with ${String(status)}.`, correct);
  if (!/"result"\s*:/.test(text)) {
    return finding('error', `${url} does not answer like a server of tools (MCP).`, 'Correct its address.');
  }
  return finding('ok', `${url} answers.`);
}

async function ask(url: string, given: Readonly<Record<string, string>>, { signal }: McpTools): Promise<Reach> {
  const headers = { ...given, 'content-type': 'application/json', accept: 'application/json, text/event-stream' };
  const reach = await reachServer({ url, method: 'POST', headers, body: JSON.stringify(initialize) }, signal());
  const session = reach.kind === 'answered' ? reach.session : null;
  // It opened a session for us, which nobody goes on with.
  if (session !== null) {
    await reachServer({ url, method: 'DELETE', headers: { ...given, 'mcp-session-id': session } }, signal());
  }
  return reach;
}

/** The values of headers; null if one of their secrets is not known. */
function reveal(
  texts: Readonly<Record<string, SecretText>>,
  secrets: Readonly<Record<string, string>>,
): Record<string, string> | null {
  const values = Object.entries(texts).map(([name, text]): readonly [string, string | undefined] => [
    name,
    typeof text === 'string' ? text : Object.hasOwn(secrets, text.secret) ? secrets[text.secret] : undefined,
  ]);
  return values.some(([, value]) => value === undefined)
    ? null
    : (Object.fromEntries(values) as Record<string, string>);
}

/** An address without what may be secret in it: the user, the query. */
export function withoutSecrets(url: string): string {
  const parsed = URL.parse(url);
  return parsed === null ? 'its address' : `${parsed.origin}${parsed.pathname}`;
}
