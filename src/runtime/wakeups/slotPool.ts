/** Slots for running runs that the folder shares with others. */
export interface SlotPool {
  /** True from a try to take one that failed until there may be room again. */
  readonly isFull: boolean;
  /** Takes a slot for a run, at once or not at all. */
  take(runId: string): boolean;
  /** Gives the slot of a run back, if it has one. */
  release(runId: string): void;
  /** Nothing here waits for a slot any more. */
  rest(): void;
}
