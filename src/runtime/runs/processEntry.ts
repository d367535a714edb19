/** One process of this machine as a sweep saw it. */
export interface ProcessEntry {
  readonly pid: number;
  readonly parent: number;
  /** Process group; 0 where there are none (Windows). */
  readonly group: number;
  /** As in `ProcessIdentity`. */
  readonly startTime: string;
  /** See `toStartOrder`. */
  readonly startOrder: number;
  readonly isZombie: boolean;
  /** `REVEILLE_RUN_ID` of its environment; null where that is unset or cannot be read. */
  readonly runId: string | null;
}

/**
 * Reads all processes. Environments may be left out for those that started before `since` (a start order).
 * Rejects if the system's own program for it fails.
 */
export type ProcessTableReader = (since: number) => Promise<ProcessEntry[]>;
