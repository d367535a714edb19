import type { Run } from '../model.ts';
import { listQueuedRuns, listQueuedRunsBefore, setRunPlace, type QueuePlace } from '../store/runTable.ts';
import type { StateTransaction } from '../store/stateWriter.ts';

/** Where a queued run is to stand: one place earlier or later, or before all others. */
export type QueueMove = 'up' | 'down' | 'first';

/** The keys around a place in the queue; undefined where the queue ends. */
interface Gap {
  readonly before: QueuePlace | undefined;
  readonly behind: QueuePlace | undefined;
}

/**
 * A key between two neighbours, with the priority of the one that is passed; null if there is no room between them.
 * A run that passes one of another priority takes that priority over, so that what comes later is ordered as if it had had it.
 */
export function placeBetween({ before, behind }: Gap, passed: QueuePlace): QueuePlace | null {
  const { priority } = passed;
  const lower = before?.priority === priority ? before.place : null;
  const upper = behind?.priority === priority ? behind.place : null;
  if (lower === null) return upper === null ? null : { priority, place: upper - 1 };
  if (upper === null) return { priority, place: lower + 1 };
  const place = lower + Math.floor((upper - lower) / 2);
  return place === lower ? null : { priority, place };
}

/** Moves a queued run as part of the caller's transaction, in the order that the dispatcher uses; false if it stands there already. */
export function moveQueuedRun(transaction: StateTransaction, run: Run, move: QueueMove): boolean {
  const passed = findPassed(transaction, run, move);
  if (passed === undefined) return false;
  const place = placeBetween(gapBeyond(transaction, passed, move), passed);
  if (place === null) put(transaction, passed, run);
  put(transaction, run, place ?? { priority: passed.priority, place: passed.place });
  return true;
}

function findPassed(transaction: StateTransaction, run: Run, move: QueueMove): Run | undefined {
  if (move === 'down') return listQueuedRuns(transaction, run, 1)[0];
  if (move === 'up') return listQueuedRunsBefore(transaction, run, 1)[0];
  const [first] = listQueuedRuns(transaction, null, 1);
  return first?.id === run.id ? undefined : first;
}

function gapBeyond(transaction: StateTransaction, passed: Run, move: QueueMove): Gap {
  if (move === 'down') return { before: passed, behind: listQueuedRuns(transaction, passed, 1)[0] };
  return { before: listQueuedRunsBefore(transaction, passed, 1)[0], behind: passed };
}

function put(transaction: StateTransaction, run: Run, { priority, place }: QueuePlace): void {
  setRunPlace(transaction, run.id, { priority, place });
  transaction.touchRun(run.id);
}
