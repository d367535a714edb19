/** A mistake that the model test has to notice. */
export interface Mutant {
  readonly name: string;
  /** What would go wrong for users. */
  readonly harm: string;
  /** Relative to the project. */
  readonly file: string;
  /** Stands in the file exactly once. */
  readonly find: string;
  readonly replace: string;
}

/** The mistakes, by name. Each is made in a copy of the sources by `mutants.test.ts`, where the model test must then fail. */
export const mutants: readonly Mutant[] = [
  {
    name: 'forgetful end',
    harm: 'What arrives while a run works is never delivered.',
    file: 'src/runtime/wakeups/settling.ts',
    find: "this.#queueFollowUp(transaction, ending, isCancelled && followUps.kind === 'confirm');",
    replace: '',
  },
  {
    name: 'gate at the request only',
    harm: 'A run that waited starts though its agent was paused, or everything stopped, meanwhile.',
    file: 'src/runtime/wakeups/dispatcher.ts',
    find: "case 'hold':\n        return verdict.reason;",
    replace: "case 'hold':\n        return this.#busyReason(run, agent);",
  },
  {
    name: 'one writer too many',
    harm: 'Two agents write into one directory at a time.',
    file: 'src/runtime/wakeups/mutexes.ts',
    find: 'if (!shareCwd && ',
    replace: 'if (false && ',
  },
  {
    name: 'broken chain',
    harm: 'The next run waits for a timer or a click after one has ended.',
    file: 'src/runtime/wakeups/dispatcher.ts',
    find: 'void this.dispatch();\n      this.#options.onDidEnd();',
    replace: 'this.#options.onDidEnd();',
  },
  {
    name: 'lost before it began',
    harm: 'A crash between claim and start loses what the agent was to be told.',
    file: 'src/runtime/runs/recovery.ts',
    find: 'settle(run.id, neverStarted(clock.now()), false)',
    replace: 'settle(run.id, neverStarted(clock.now()), true)',
  },
  {
    name: 'impatient attempt',
    harm: 'What failed for the moment is tried again and again without a pause.',
    file: 'src/runtime/wakeups/delays.ts',
    find: 'if (!isDelayed(run, now)) return null;',
    replace: 'if (isDelayed(run, now) || now > 0) return null;',
  },
  {
    name: 'stale after consent',
    harm: 'Stop Everything does not stop what is about to start.',
    file: 'src/runtime/wakeups/dispatcher.ts',
    find: 'return this.#obstacle(run, current);',
    replace: 'return this.#busyReason(run, current);',
  },
];
