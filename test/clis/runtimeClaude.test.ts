import { boardServer, describeThroughRuntime } from './throughRuntime.ts';

const tools = ['Bash'];

describeThroughRuntime('claude', (setup) => ({
  coder: { tools },
  hasty: { tools, timeoutSec: 4 },
  resilient: { tools, retries: 1 },
  clerk: { tools: [...tools, 'mcp__board'], mcpServers: { board: boardServer(setup) } },
}));
