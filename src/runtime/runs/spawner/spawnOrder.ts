import type { ProgramPlan } from '../../adapters/adapter.ts';
import type { ProcessIdentity } from '../../processIdentity.ts';
import type { ProcessExit } from '../processOutcome.ts';

/** What the runtime asks its spawner. Messages between the two go over their private channel alone. */
export type SpawnerOrder = SpawnOrder | { readonly kind: 'kill'; readonly key: string };

export interface SpawnOrder extends Omit<ProgramPlan, 'kind' | 'stdin' | 'files'> {
  readonly kind: 'spawn';
  /** Names the child from now on; random, so that nobody else can connect in its name. */
  readonly key: string;
  /** False = nothing to read on standard input. */
  readonly hasInput: boolean;
}

/** What the spawner says. `exited` comes after `started`. */
export type SpawnerReport =
  | { readonly kind: 'ready' }
  | { readonly kind: 'started'; readonly key: string; readonly identity: ProcessIdentity | null }
  | { readonly kind: 'failed'; readonly key: string; readonly code: string | null; readonly text: string }
  | { readonly kind: 'exited'; readonly key: string; readonly exit: ProcessExit };

/** One of a child's standard streams; the digit is its descriptor. */
export type StreamDigit = '0' | '1' | '2';

/** Of a UUID. */
export const keyLength = 36;
/** Each connection begins with the key of its child and the digit of its stream. */
export const greetingLength = keyLength + 1;
