import { secretNamesOf, type AgentDefinition, type ClaudeOptions, type McpServer } from '../definition.ts';

/** Makes a word fit to show. */
type Quote = (word: string) => string;

/**
 * What accepting a definition allows besides its command line, as the end of a sentence: by the options of its adapter, and the secrets
 * that it is given. '' for none.
 */
export function describeOptions(definition: AgentDefinition, quote: Quote): string {
  const { claude, codex } = definition;
  const secrets = secretNamesOf(definition);
  // What allows most comes first: dialogs cut what is long.
  return [
    claude?.projectSettings === true ? ', with the settings, hooks and MCP servers of the folder' : '',
    claude === null || claude.permissionMode === null ? '' : `, in the permission mode ${claude.permissionMode}`,
    codex === null ? '' : `, in the sandbox ${codex.sandbox}`,
    describeServers((claude ?? codex)?.mcpServers ?? {}, quote),
    secrets.length === 0 ? '' : `, given the values of the secrets ${secrets.map(quote).join(', ')}`,
    describeModel(claude ?? codex, quote),
    claude === null ? '' : describePermissions(claude, quote),
  ].join('');
}

function describeModel(options: { readonly model: string | null } | null, quote: Quote): string {
  return options === null || options.model === null ? '' : `, on the model ${quote(options.model)}`;
}

function describePermissions({ permissionTool, tools }: ClaudeOptions, quote: Quote): string {
  return [
    permissionTool === null ? '' : `, asking ${quote(permissionTool)} for permissions`,
    tools.length === 0 ? '' : `, with ${tools.map(quote).join(', ')} allowed without asking`,
  ].join('');
}

function describeServers(servers: Readonly<Record<string, McpServer>>, quote: Quote): string {
  const shown = Object.entries(servers).map(([name, server]) => `${name} (${describeServer(server, quote)})`);
  return shown.length === 0 ? '' : `, with the tools of ${shown.join(', ')}`;
}

function describeServer(server: McpServer, quote: Quote): string {
  return server.type === 'http' ? quote(server.url) : `\`${[server.command, ...server.args].map(quote).join(' ')}\``;
}
