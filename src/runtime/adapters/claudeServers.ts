import * as path from 'node:path';
import type { McpServer, SecretText } from '../definition.ts';
import type { PlanFile } from './adapter.ts';

const fileName = 'mcp.json';
/** What claude replaces in a configuration: `${NAME}` and `${NAME:-otherwise}`. */
const opening = '${';
const variablePrefix = 'REVEILLE_MCP_';
/**
 * How often claude 2.1.329 replaces variables in a text, tried with variables that hold variables: once in all that the file holds,
 * and in headers once more when it connects. After one time less a literal `${NAME}` would be replaced too.
 */
const passes = { header: 2, other: 1 };

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
  const variables = new Variables(secrets);
  const toEntry = (server: McpServer): object => {
    const timeout = server.timeoutSec * 1000;
    if (server.type === 'http') {
      const headers = mapTexts(server.headers, (text) => variables.toText(text, passes.header));
      return { type: 'http', url: variables.toText(server.url, passes.other), headers, timeout };
    }
    return {
      type: 'stdio',
      command: variables.toText(server.command, passes.other),
      args: server.args.map((argument) => variables.toText(argument, passes.other)),
      env: mapTexts(server.env, (text) => variables.toText(text, passes.other)),
      timeout,
    };
  };
  const mcpServers = Object.fromEntries(Object.entries(servers).map(([name, server]) => [name, toEntry(server)]));
  const content = `${JSON.stringify({ mcpServers }, null, 2)}\n`;
  return { file: { name: fileName, content }, path: path.join(runDirectory, fileName), env: variables.env };
}

/** The variables that a file refers to, made as it is written. */
class Variables {
  readonly env: Record<string, string> = {};
  readonly #secrets: Readonly<Record<string, string>>;

  constructor(secrets: Readonly<Record<string, string>>) {
    this.#secrets = secrets;
  }

  /** What stands in the file for a text in which variables are replaced `count` times. */
  toText(text: SecretText, count: number): string {
    if (typeof text === 'string' && !text.includes(opening)) return text;
    const value = typeof text === 'string' ? text : this.#reveal(text.secret);
    // One that holds nothing to replace stays what it is, however often.
    const levels = value.includes(opening) ? count : 1;
    let reference = value.replaceAll('\0', '');
    for (let level = 0; level < levels; level += 1) reference = this.#hide(reference);
    return reference;
  }

  #reveal(name: string): string {
    return Object.hasOwn(this.#secrets, name) ? (this.#secrets[name] ?? '') : '';
  }

  #hide(value: string): string {
    const name = `${variablePrefix}${String(Object.keys(this.env).length + 1)}`;
    this.env[name] = value;
    return `${opening}${name}}`;
  }
}

function mapTexts(
  texts: Readonly<Record<string, SecretText>>,
  toText: (text: SecretText) => string,
): Record<string, string> {
  return Object.fromEntries(Object.entries(texts).map(([name, text]) => [name, toText(text)]));
}
