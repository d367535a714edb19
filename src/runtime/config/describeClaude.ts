import type { ClaudeOptions, McpServer } from '../definition.ts';

/**
 * What accepting an agent of type `claude_local` allows besides its command line, as the end of a sentence; '' for other agents.
 * @param quote makes a word fit to show
 */
export function describeClaude(options: ClaudeOptions | null, quote: (word: string) => string): string {
  if (options === null) return '';
  const { model, permissionMode, permissionTool, tools, mcpServers, projectSettings } = options;
  const servers = Object.entries(mcpServers).map(([name, server]) => `${name} (${describeServer(server, quote)})`);
  return [
    model === null ? '' : `, on the model ${quote(model)}`,
    permissionMode === null ? '' : `, in the permission mode ${permissionMode}`,
    permissionTool === null ? '' : `, asking ${quote(permissionTool)} for permissions`,
    tools.length === 0 ? '' : `, with ${tools.map(quote).join(', ')} allowed without asking`,
    servers.length === 0 ? '' : `, with the tools of ${servers.join(', ')}`,
    projectSettings ? ', with the settings, hooks and MCP servers of the folder' : '',
  ].join('');
}

function describeServer(server: McpServer, quote: (word: string) => string): string {
  return server.type === 'http' ? quote(server.url) : `\`${[server.command, ...server.args].map(quote).join(' ')}\``;
}
