import type { HeartbeatPolicy, NamedHeartbeat } from './model.ts';

/** How often in a row an agent may go wrong in one way before it stops itself; 0 = as often as it does. */
export interface LoopBreakerLimits {
  /** Runs of it that failed. */
  readonly failures: number;
  /** Runs of it that failed with the same error. */
  readonly sameError: number;
  /** Runs on one issue that changed neither files nor the issue. */
  readonly unchanged: number;
}

/** What an agent gets where its configuration says nothing about attempts and repetition. */
export const endurance = {
  retries: 2,
  resumable: false,
  loopBreaker: { failures: 5, sameError: 3, unchanged: 5 },
} as const;

/** An agent as its configuration defines it, with all defaults filled in and paths made absolute. */
export interface AgentDefinition {
  readonly key: string;
  readonly role: string | null;
  readonly goal: string | null;
  readonly reportsTo: string | null;
  readonly adapter: 'process';
  /** A program name looked up on the PATH, or a path; relative paths count from the workspace folder. */
  readonly command: string;
  readonly args: readonly string[];
  /** True: `command` is a line for the system's shell and `args` are appended to it, quoted. */
  readonly shell: boolean;
  /** Absolute. */
  readonly cwd: string;
  /** True lifts the rule that one run at a time works in a directory. */
  readonly shareCwd: boolean;
  /** The account or service whose limits its runs share with those of other agents, by a name of the file's; null = none. */
  readonly provider: string | null;
  /** Runs with its provider at a time, in this folder; null = no limit. */
  readonly providerSlots: number | null;
  readonly env: Readonly<Record<string, string>>;
  /** Longest execution of one run, in seconds; 0 = no limit. */
  readonly timeoutSec: number;
  /** Seconds between the polite end and the kill of the whole process tree. */
  readonly graceSec: number;
  /** Further attempts after one that failed for the moment only, or was lost. */
  readonly retries: number;
  /** True: a run that was lost may be given to the program again; it goes on where it was, or does no harm twice. */
  readonly resumable: boolean;
  readonly loopBreaker: LoopBreakerLimits;
  /** How it tells what it does: `text` for nothing but output, `jsonl` for docs/process-protocol.md. */
  readonly protocol: 'text' | 'jsonl';
  /** Seconds that a run waits for the answer to a question; 0 = it never waits. */
  readonly waitSec: number;
  /** Seconds without output after which a run is said to stall; 0 = never. */
  readonly stallSec: number;
  readonly heartbeat: HeartbeatPolicy;
  /** Those that name it, in the order of the file. */
  readonly namedHeartbeats: readonly NamedHeartbeat[];
}

/** What a definition that says nothing of these means; definitions in force may be older than the settings. */
export const builtInTalk = { protocol: 'text', waitSec: 600, stallSec: 600 } as const;
