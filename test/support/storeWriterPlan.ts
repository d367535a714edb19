import type { Change } from './storeModel.ts';

/** What a store does; each phase is a place where it can be killed. */
export const phases = ['open', 'migrate', 'commit', 'rotate', 'checkpoint'] as const;
export type Phase = (typeof phases)[number];

/** What test/fixtures/programs/storeWriter.ts is to do. */
export interface StoreWriterPlan {
  readonly directory: string;
  readonly wasmPath: string;
  /** The schema version to which it migrates. */
  readonly schema: number;
  readonly transactions: number;
  /** It kills itself at this operation of this phase. */
  readonly kill: { readonly phase: Phase; readonly operation: number } | null;
}

/** What its transaction with this number does. The last one that was done can be read from `counter`. */
export function changesOf(counter: number, schema: number): Exclude<Change, { do: 'migrate' }>[] {
  const name = `name ${String(counter % 20)}`;
  const changes: Exclude<Change, { do: 'migrate' }>[] = [
    { do: 'put', name: 'counter', value: String(counter) },
    counter % 9 === 8 ? { do: 'drop', name } : { do: 'put', name, value: `${String(counter)} `.repeat(counter % 50) },
    { do: 'put', name: 'copy', value: String(counter) },
  ];
  if (schema > 1)
    changes.push({ do: 'log', details: JSON.stringify({ counter }), text: counter % 3 === 0 ? 'text' : '' });
  if (schema > 1 && counter % 10 === 0) changes.push({ do: 'prune', keep: 15 });
  return changes;
}
