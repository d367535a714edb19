import type { AdapterType } from '../definition.ts';
import type { Adapter } from './adapter.ts';
import { claudeAdapter } from './claudeLocal.ts';
import { codexAdapter } from './codexLocal.ts';
import { httpAdapter } from './httpAdapter.ts';
import { processAdapter } from './process.ts';

/** Every adapter there is, by the type that a configuration names. */
const adapters: Readonly<Record<AdapterType, Adapter>> = {
  process: processAdapter,
  claude_local: claudeAdapter,
  codex_local: codexAdapter,
  http: httpAdapter,
};

/** The adapter of a type. */
export function adapterOf(type: AdapterType): Adapter {
  return adapters[type];
}
