import { boardServer, describeThroughRuntime } from './throughRuntime.ts';

const sandbox = 'danger-full-access';

describeThroughRuntime('codex', (setup) => ({
  coder: { sandbox },
  hasty: { sandbox, timeoutSec: 4 },
  resilient: { sandbox, retries: 1 },
  clerk: { sandbox, mcpServers: { board: boardServer(setup) } },
}));
