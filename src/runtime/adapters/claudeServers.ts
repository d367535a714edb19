import * as path from 'node:path';
import type { McpServer, SecretText } from '../definition.ts';
import type { PlanFile } from './adapter.ts';

const fileName = 'mcp.json';
/** What claude replaces in a configuration: `${NAME}` and `${NAME:-otherwise}`. */
const opening = '${';
const variablePrefix = 'REVEILLE_MCP_';

/** What tells claude of its servers of tools. */
export interface ServersFile {
  readonly file: PlanFile;
  /** Absolute. */
  readonly path: string;
  /** Variables that the file refers to. */
  readonly env: Readonly<Record<string, string>>;
}

/**
 * The file for `--mcp-config`. Secrets stand in it as variables, whose values are in the environment of the program; so do plain
 * texts in which claude would replace something. A secret that is missing stays empty.
 */
export function describeServers(
  servers: Readonly<Record<string, McpServer>>,
  { secrets, runDirectory }: { readonly secrets: Readonly<Record<string, string>>; readonly runDirectory: string },
): ServersFile {
  const env: Record<string, string> = {};
  const hide = (value: string): string => {
    const name = `${variablePrefix}${String(Object.keys(env).length + 1)}`;
    env[name] = value.replaceAll('\0', '');
    return `${opening}${name}}`;
  };
  const toText = (text: SecretText): string => {
    if (typeof text !== 'string') return hide(Object.hasOwn(secrets, text.secret) ? (secrets[text.secret] ?? '') : '');
    return text.includes(opening) ? hide(text) : text;
  };
  const toTexts = (texts: Readonly<Record<string, SecretText>>): Record<string, string> =>
    Object.fromEntries(Object.entries(texts).map(([name, text]) => [name, toText(text)]));
  const toEntry = (server: McpServer): object => {
    const timeout = server.timeoutSec * 1000;
    if (server.type === 'http') {
      return { type: 'http', url: toText(server.url), headers: toTexts(server.headers), timeout };
    }
    const { command, args, env: variables } = server;
    return { type: 'stdio', command: toText(command), args: args.map(toText), env: toTexts(variables), timeout };
  };
  const mcpServers = Object.fromEntries(Object.entries(servers).map(([name, server]) => [name, toEntry(server)]));
  const content = `${JSON.stringify({ mcpServers }, null, 2)}\n`;
  return { file: { name: fileName, content }, path: path.join(runDirectory, fileName), env };
}
