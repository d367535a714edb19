import type { Readable, Writable } from 'node:stream';
import type { ProgramPlan } from '../adapters/adapter.ts';
import type { ProcessIdentity } from '../processIdentity.ts';
import type { ProcessExit } from './processOutcome.ts';

/** The started first process of a run. Its input is written by whoever started it, and closed unless the plan keeps it. */
export interface StartedChild {
  /** Null if the system would not say. */
  readonly identity: ProcessIdentity | null;
  /** Its standard input while that is open; null if it has none. Writing to one that was closed there does no harm. */
  readonly stdin: Writable | null;
  /** Nothing of them is lost if they are listened to in the turn in which the start became known. */
  readonly stdout: Readable;
  readonly stderr: Readable;
  /** Never rejects. Both fields null: it has ended, and nobody can say how. */
  readonly exited: Promise<ProcessExit>;
  /** Exited, and both outputs read to their end. Never rejects. */
  readonly closed: Promise<void>;
  /** Kills it by its handle, which cannot mean another process; does nothing once it has ended. */
  kill(): void;
  /** Lets go of its input and outputs. */
  dispose(): void;
}

/** What became of a start; a failure is the system's error: its code, if it had one, and its text. */
export type StartResult =
  | { readonly kind: 'started'; readonly child: StartedChild }
  | { readonly kind: 'failed'; readonly code: string | undefined; readonly text: string };

/** Starts the first process of a run: in a process group of its own, with the plan's environment and nothing else. */
export interface ChildStarter {
  /** Never rejects. */
  start(plan: ProgramPlan): Promise<StartResult>;
}
