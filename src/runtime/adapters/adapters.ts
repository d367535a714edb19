import type { AdapterType } from '../definition.ts';
import type { Adapter } from './adapter.ts';
import { httpAdapter } from './httpAdapter.ts';
import { processAdapter } from './process.ts';

/** Every adapter there is, by the type that a configuration names. */
const adapters: Readonly<Partial<Record<AdapterType, Adapter>>> = {
  process: processAdapter,
  http: httpAdapter,
};

/** The adapter of a type. Throws for one that this build has not. */
export function adapterOf(type: AdapterType): Adapter {
  const adapter = adapters[type];
  if (adapter === undefined) throw new Error(`This build has no adapter ${type}`);
  return adapter;
}
