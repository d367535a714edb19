import type { AgentDefinition, McpServer, SecretText } from '../definition.ts';
import { UserError } from '../errors.ts';
import { tomlString, tomlStrings, tomlTable, tomlTextTable } from './tomlText.ts';

/** What codex is told of servers of tools: overrides of its configuration, and the environment that these refer to. */
export interface CodexServers {
  /** Values of `-c`; nothing secret is in them. */
  readonly overrides: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

/** A server that npm has to fetch first takes a while. */
const startupSec = 60;

/**
 * The servers of a definition, as overrides of codex's table `mcp_servers`. Headers reach it by its environment, so that none
 * is in an argument. Their tools need no further approval: `exec` could not ask for any and would refuse them. A server that is
 * not there ends the run before a model is asked: without its tools, the agent would spend money on another task than its own.
 * @throws UserError if two servers need different secrets in one variable
 */
export function describeServers(definition: AgentDefinition, secrets: Readonly<Record<string, string>>): CodexServers {
  const [clash] = findClashes(definition);
  if (clash !== undefined) throw new UserError('configuration', `${clashText(clash)} ${clashFix}`);
  const overrides: string[] = [];
  const env: Record<string, string> = {};
  for (const [name, server] of Object.entries(definition.codex?.mcpServers ?? {})) {
    const reached =
      server.type === 'http' ? reachByUrl(server, secrets, overrides.length) : startByCommand(server, secrets);
    Object.assign(env, reached.env);
    const table = tomlTable({
      ...reached.fields,
      default_tools_approval_mode: tomlString('approve'),
      tool_timeout_sec: String(server.timeoutSec),
      startup_timeout_sec: String(startupSec),
      required: 'true',
    });
    overrides.push(`mcp_servers.${name}=${table}`);
  }
  return { overrides, env };
}

interface Reached {
  /** TOML by key. */
  readonly fields: Readonly<Record<string, string>>;
  readonly env: Readonly<Record<string, string>>;
}

type HttpServer = Extract<McpServer, { type: 'http' }>;
type StdioServer = Extract<McpServer, { type: 'stdio' }>;

function reachByUrl(server: HttpServer, secrets: Readonly<Record<string, string>>, index: number): Reached {
  const env: Record<string, string> = {};
  const variables: Record<string, string> = {};
  for (const [header, value] of Object.entries(server.headers)) {
    const variable = `REVEILLE_MCP_${String(index)}_${String(Object.keys(env).length)}`;
    env[variable] = reveal(value, secrets);
    variables[header] = variable;
  }
  const fields = { url: tomlString(server.url) };
  if (Object.keys(variables).length === 0) return { fields, env };
  return { fields: { ...fields, env_http_headers: tomlTextTable(variables) }, env };
}

/** A secret reaches the server under its own name: codex passes on variables of its environment, and cannot rename them. */
function startByCommand({ command, args, env }: StdioServer, secrets: Readonly<Record<string, string>>): Reached {
  const plain = Object.entries(env).filter((entry): entry is [string, string] => typeof entry[1] === 'string');
  const hidden = Object.entries(env).filter(([, value]) => typeof value !== 'string');
  return {
    fields: {
      command: tomlString(command),
      args: tomlStrings(args),
      ...(plain.length > 0 && { env: tomlTextTable(Object.fromEntries(plain)) }),
      ...(hidden.length > 0 && { env_vars: tomlStrings(hidden.map(([name]) => name)) }),
    },
    env: Object.fromEntries(hidden.map(([name, value]) => [name, reveal(value, secrets)])),
  };
}

/** What cannot be part of an environment or a header line ends at that. */
function reveal(value: SecretText, secrets: Readonly<Record<string, string>>): string {
  const text = typeof value === 'string' ? value : Object.hasOwn(secrets, value.secret) ? secrets[value.secret] : '';
  return (text ?? '').replaceAll('\0', '');
}

/** An environment variable that would have to hold two different things. */
export interface VariableClash {
  readonly server: string;
  readonly variable: string;
}

export const clashFix =
  'Let the server read that secret from a variable of another name, or give the agent the same secret under this one.';

/** What is wrong with a variable. */
export function clashText({ server, variable }: VariableClash): string {
  return `The MCP server ${server} needs a secret in ${variable}, which holds something else for this agent or for another of its servers.`;
}

/** Secrets of servers that would get in the way of each other, or of the agent's own environment. */
export function findClashes({ codex, env, secretEnv }: AgentDefinition): VariableClash[] {
  const holds = new Map<string, string | null>(Object.keys(env).map((variable) => [variable, null]));
  for (const [variable, secret] of Object.entries(secretEnv)) holds.set(variable, secret);
  const clashes: VariableClash[] = [];
  for (const [server, { type, ...described }] of Object.entries(codex?.mcpServers ?? {})) {
    if (type !== 'stdio' || !('env' in described)) continue;
    for (const [variable, value] of Object.entries(described.env)) {
      if (typeof value === 'string') continue;
      if (holds.has(variable) && holds.get(variable) !== value.secret) clashes.push({ server, variable });
      else holds.set(variable, value.secret);
    }
  }
  return clashes;
}
