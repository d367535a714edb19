/** One entry of the audit log. */
export interface Activity {
  /** Counts from 1 without a gap. */
  readonly number: number;
  readonly at: number;
  /** `user:window`, `user:cli`, `agent:<key>` or `runtime`. */
  readonly actor: string;
  readonly action: string;
  readonly target: string;
  readonly agent: string | null;
  readonly runId: string | null;
  readonly result: string;
  /** Micro-dollars, once known. */
  readonly costMicros: number | null;
  readonly details: Readonly<Record<string, unknown>>;
  /** The beginning of what somebody wrote; null if nothing was, or it was erased. */
  readonly text: string | null;
  readonly isTextErased: boolean;
  /** True if it was chained with a key: nobody without the key could have written it. */
  readonly isKeyed: boolean;
}

/**
 * What does not fit in the audit log. `hash`: a row was changed; `missing`: it is gone; `inserted`: it does not belong here; `text`:
 * the text beside it was changed; `wrong_key`: it was not written with the key in use; `anchor`: what stands for removed rows is not
 * what retention wrote; `cut`, `replaced`: the log ends before, or has something else at, what its head says; `head_forged`: the head is not ours.
 */
export const activityProblems = [
  'hash',
  'missing',
  'inserted',
  'text',
  'wrong_key',
  'anchor',
  'cut',
  'replaced',
  'head_forged',
] as const;
export type ActivityProblem = (typeof activityProblems)[number];

/** The first row of the audit log that does not fit. */
export interface ActivityFault {
  readonly problem: ActivityProblem;
  readonly number: number;
  /** When the row says that it was written, or its end was noted; null if nothing says so. */
  readonly at: number | null;
  readonly action: string | null;
}

/** What a walk through the audit log found. */
export interface ActivityVerification {
  /** Rows that were looked at, up to the first that does not fit; the sum of the next three. */
  readonly rows: number;
  readonly keyed: number;
  readonly unkeyed: number;
  /** Written with a key that no window has brought: only their place in the chain and their texts were checked. */
  readonly unknownKey: number;
  readonly erasedTexts: number;
  /** Rows that retention removed, and epoch ms of the latest of them. */
  readonly removed: number;
  readonly removedUntil: number | null;
  /** False: the log is protected against accidents only, from now on. */
  readonly hasKey: boolean;
  /** Whether the end of the log stands outside the store too. */
  readonly head: 'present' | 'missing' | 'unreadable';
  readonly fault: ActivityFault | null;
}
