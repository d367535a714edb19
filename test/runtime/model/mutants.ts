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
  {
    name: 'two in one conversation',
    harm: 'Two runs go on with one conversation at a time, and one of them is lost.',
    file: 'src/runtime/wakeups/mutexes.ts',
    find: "if (own.some(hasSession)) return 'session_busy';",
    replace: '',
  },
  {
    name: 'forgetful failure',
    harm: 'A run that failed leaves nothing of its conversation, and the next one begins from the start.',
    file: 'src/runtime/runs/sessionEnd.ts',
    find: 'if (canResume && neverThere.includes(outcome.errorCode))',
    replace: "if (canResume && outcome.status !== 'succeeded')",
  },
  {
    name: 'reset undone',
    harm: 'A run that goes on while its session is reset saves the conversation back.',
    file: 'src/runtime/store/sessionTable.ts',
    find: "writer.run('DELETE FROM session WHERE agent = ?', [agent]);",
    replace:
      "writer.run(`UPDATE session SET params = '{}', session_id = NULL, runs = 0, handover = NULL WHERE agent = ?`, [agent]);",
  },
  {
    name: 'endless conversation',
    harm: 'A conversation goes on beyond the number of runs that it was given.',
    file: 'src/runtime/runs/sessions.ts',
    find: 'if (maxRuns > 0 && runs >= maxRuns)',
    replace: 'if (maxRuns > 0 && runs > maxRuns)',
  },
  {
    name: 'stubborn restart',
    harm: 'The second attempt of a run asks for the conversation that is gone.',
    file: 'src/runtime/runs/sessions.ts',
    find: 'return { ...beginAnew(taken, taken.saved, { why: endReasons[errorCode], now }), lost: errorCode };',
    replace: 'return { ...start, lost: errorCode };',
  },
  {
    name: 'wish lost by merging',
    harm: 'A wake with a fresh session that joins a queued run goes on with the old conversation.',
    file: 'src/runtime/wakeups/queue.ts',
    find: 'const isFresh = wakeups.some((wakeup) => wakeup.isFresh);',
    replace: 'const isFresh = wakeups[0]?.isFresh === true;',
  },
  {
    name: 'wish lost by failing',
    harm: 'Another attempt at a wake with a fresh session goes on with what the first one had begun.',
    file: 'src/runtime/wakeups/queue.ts',
    find: 'const isFresh = wakeups.some((wakeup) => wakeup.isFresh);',
    replace: 'const isFresh = run.attempt === 1 && wakeups.some((wakeup) => wakeup.isFresh);',
  },
  {
    name: 'wish taken for a ping',
    harm: 'A fresh session that is asked for while the agent works comes to nothing.',
    file: 'src/runtime/wakeups/inbox.ts',
    find: ' && !isFresh;',
    replace: ';',
  },
  {
    name: 'saved under another name',
    harm: 'A run whose agent got another adapter meanwhile leaves its conversation to that one.',
    file: 'src/runtime/wakeups/settling.ts',
    find: 'const adapter = run.adapter ?? agent?.definition.adapter;',
    replace: 'const adapter = agent?.definition.adapter;',
  },
  {
    name: 'lost with the runtime',
    harm: 'After a crash of the runtime a task begins from the start, though its conversation is there.',
    file: 'src/runtime/wakeups/sessionEnds.ts',
    find: 'keepNoted(writer, saved, { ...end, begunAt, at });',
    replace: 'countSessionRun(writer, key, at);',
  },
];
