import type { AgentDefinition } from '../definition.ts';
import type { Adapter } from './adapter.ts';
import { processAdapter } from './process.ts';

/** Every adapter there is, by the type that a configuration names. */
export const adapters: Readonly<Record<AgentDefinition['adapter'], Adapter>> = {
  process: processAdapter,
};
