import type { RunRow } from '../store/runTable.ts';
import type { Reader } from '../store/store.ts';
import { listWaitingWakeups, type Wakeup } from '../store/wakeupTable.ts';

/**
 * What becomes of the wakes behind a running run that a person cancels: there are none, they are `discarded` with it, or a person
 * wrote one of them, and they wait as one run until somebody says whether it is still wanted.
 */
export interface FollowUps {
  readonly kind: 'none' | 'discarded' | 'confirm';
  /** How many wakes. */
  readonly count: number;
}

/** Decides what becomes of what waits behind a cancelled run. */
export function judgeFollowUps(waiting: readonly Wakeup[]): FollowUps {
  const count = waiting.length;
  if (count === 0) return { kind: 'none', count };
  return { kind: waiting.some(isOfPerson) ? 'confirm' : 'discarded', count };
}

/** The same, of the run that is about to be cancelled. One that waits takes all of its wakes with it. */
export function followUpsOf(reader: Reader, { status, agent, taskKey }: RunRow): FollowUps {
  return judgeFollowUps(status === 'running' ? listWaitingWakeups(reader, agent, taskKey) : []);
}

/** A person wrote it, gave the work to the agent or wants it to start afresh: nobody but a person may drop it. */
function isOfPerson({ author, source, text, isFresh }: Wakeup): boolean {
  return author === 'user' && (text !== null || isFresh || source === 'assignment');
}

/** Whether a wake asks for more than another try some time: a person, or new work. */
export function isUrgent({ author, source }: Pick<Wakeup, 'author' | 'source'>): boolean {
  return author === 'user' || source === 'assignment';
}
