/** Installs what the host suite needs, so that no test waits for it. */
import { ensureTools } from './tools.ts';
import { canRunServerHost } from './vsCodeServer.ts';

if (canRunServerHost()) ensureTools();
