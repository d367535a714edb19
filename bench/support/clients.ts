import { heartbeatQueries } from './heartbeatQueries.ts';
import { heartbeatSteps } from './heartbeatSteps.ts';
import type { Reader } from '../../src/runtime/store/store.ts';
import type { StoreEngine } from './storeEngine.ts';
import type { Scope } from './workRows.ts';

const readRounds = 100;

/** Runs in the history that succeeded. */
export function countSucceeded(reader: Reader): number {
  return Number(reader.get(`SELECT count(*) FROM run WHERE status = 'succeeded'`)?.[0]);
}

/** What one round of work came to; times in milliseconds. */
export interface Sample {
  readonly transactionsPerSecond: number;
  /** For each transaction, how long the caller's thread was held. */
  readonly held: readonly number[];
  /** For each transaction, until it was durable. */
  readonly durable: readonly number[];
  readonly reads: readonly number[];
}

/**
 * Lets clients, one for each scope, carry out heartbeat runs on an engine, each its own one after the other; then reads.
 * @param runs of all clients together; a multiple of their number
 * @param isPatient whether a client waits for each transaction to be durable before it begins the next
 * @throws Error if not all of them are there afterwards
 */
export async function work(
  engine: StoreEngine,
  scopes: readonly Scope[],
  { runs, isPatient }: { readonly runs: number; readonly isPatient: boolean },
): Promise<Sample> {
  const before = countSucceeded(engine);
  const held: number[] = [];
  const durable: number[] = [];
  const client = async (scope: Scope): Promise<void> => {
    for (let run = 0; run < runs / scopes.length; run += 1) {
      for (const step of heartbeatSteps(scope, run)) {
        const at = performance.now();
        engine.transact(step);
        held.push(performance.now() - at);
        if (!isPatient) continue;
        await engine.durable();
        durable.push(performance.now() - at);
      }
    }
  };
  const at = performance.now();
  await Promise.all(scopes.map(client));
  const transactionsPerSecond = (held.length * 1000) / (performance.now() - at);
  await engine.durable();
  if (countSucceeded(engine) !== before + runs) throw new Error('Not all runs are in the history.');
  return { transactionsPerSecond, held, durable, reads: read(engine, scopes) };
}

function read(engine: StoreEngine, scopes: readonly Scope[]): number[] {
  const reads: number[] = [];
  for (let round = 0; round < readRounds; round += 1) {
    const scope = scopes[round % scopes.length];
    for (const query of scope ? heartbeatQueries(scope) : []) {
      const at = performance.now();
      query(engine);
      reads.push(performance.now() - at);
    }
  }
  return reads;
}
