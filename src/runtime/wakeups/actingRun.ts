import { findRun } from '../store/runTable.ts';
import type { Reader } from '../store/store.ts';
import { listWakeupsOfRun } from '../store/wakeupTable.ts';
import type { WakeCause } from './inbox.ts';

/** The agent of a run that goes on; undefined for any other run. */
export function findActingRun(
  reader: Reader,
  runId: string,
): { readonly id: string; readonly agent: string } | undefined {
  const run = findRun(reader, runId);
  return run?.status === 'running' ? { id: run.id, agent: run.agent } : undefined;
}

/**
 * What a wake follows from that an agent asks for in a run: one hop more than the longest chain of those that the run delivered.
 * A wake by a person begins a chain.
 */
export function causeOf(reader: Reader, runId: string): WakeCause {
  const delivered = listWakeupsOfRun(reader, runId).filter(({ status }) => status === 'claimed');
  return { runId, hops: Math.max(0, ...delivered.map(({ cause }) => cause?.hops ?? 0)) + 1 };
}
