import type { Socket } from 'node:net';
import { Readable, type Writable } from 'node:stream';
import type { ProgramPlan } from '../../adapters/adapter.ts';
import type { Clock } from '../../clock.ts';
import type { Disposable } from '../../lifecycle.ts';
import { isAlive, type ProcessIdentity } from '../../processIdentity.ts';
import type { StartedChild, StartResult } from '../childStarter.ts';
import type { ProcessExit } from '../processOutcome.ts';
import type { StreamDigit } from './spawnOrder.ts';
import type { StreamTaker } from './streamServer.ts';

/** How often a child without a spawner is looked at, in milliseconds. */
const pollMs = 100;

const unknownExit: ProcessExit = { exitCode: null, signal: null };

/**
 * A child that the spawner was asked for:
 *
 *     ordered ──► started (reported, and its streams are here) ──► exited
 *        └──► failed          spawner lost: its end is polled for by its identity; how it ended stays unknown
 */
export class RemoteChild implements StreamTaker, StartedChild {
  readonly result: Promise<StartResult>;
  readonly exited: Promise<ProcessExit>;
  readonly closed: Promise<void>;
  readonly #clock: Clock;
  readonly #plan: Pick<ProgramPlan, 'stdin' | 'kind'>;
  readonly #sendKill: () => void;
  readonly #streams = new Map<StreamDigit, Socket>();
  readonly #result = Promise.withResolvers<StartResult>();
  readonly #exited = Promise.withResolvers<ProcessExit>();
  readonly #closed = Promise.withResolvers<undefined>();
  #identity: ProcessIdentity | null = null;
  #isReported = false;
  #isResolved = false;
  #hasExited = false;
  #open = 2;
  #poll: Disposable | null = null;

  constructor(
    plan: Pick<ProgramPlan, 'stdin' | 'kind'>,
    { clock, kill }: { readonly clock: Clock; readonly kill: () => void },
  ) {
    this.#plan = plan;
    this.#clock = clock;
    this.#sendKill = kill;
    this.result = this.#result.promise;
    this.exited = this.#exited.promise;
    this.closed = Promise.all([this.exited, this.#closed.promise]).then(() => undefined);
  }

  get identity(): ProcessIdentity | null {
    return this.#identity;
  }

  get stdin(): Writable | null {
    return this.#streams.get('0') ?? null;
  }

  get stdout(): Readable {
    return this.#streams.get('1') ?? nothing();
  }

  get stderr(): Readable {
    return this.#streams.get('2') ?? nothing();
  }

  take(digit: StreamDigit, socket: Socket): void {
    if (this.#streams.has(digit)) {
      socket.destroy();
      return;
    }
    this.#streams.set(digit, socket);
    if (digit === '0') {
      socket.write(this.#plan.stdin ?? '');
      if (this.#plan.kind !== 'duplex') socket.end();
    } else {
      socket.once('close', () => {
        this.#closeOne();
      });
    }
    this.#resolveIfWhole();
  }

  /** @param identity null if the system would not say */
  start(identity: ProcessIdentity | null): void {
    this.#identity = identity;
    this.#isReported = true;
    this.#resolveIfWhole();
  }

  fail(code: string | undefined, text: string): void {
    this.#resolve({ kind: 'failed', code, text });
    this.dispose();
  }

  exit(exit: ProcessExit): void {
    this.#poll?.dispose();
    this.#hasExited = true;
    this.#exited.resolve(exit);
  }

  /** The spawner is gone. A child that may have been started without our knowing counts as started and ended. */
  lose(): void {
    if (this.#identity === null) this.exit(unknownExit);
    else this.#look(this.#identity);
    for (const digit of ['1', '2'] as const) if (!this.#streams.has(digit)) this.#closeOne();
    this.#resolve({ kind: 'started', child: this });
  }

  kill(): void {
    if (!this.#hasExited) this.#sendKill();
  }

  dispose(): void {
    this.#poll?.dispose();
    for (const socket of this.#streams.values()) socket.destroy();
  }

  #resolveIfWhole(): void {
    const expected = this.#plan.stdin === null ? 2 : 3;
    if (this.#isReported && this.#streams.size === expected) this.#resolve({ kind: 'started', child: this });
  }

  #resolve(result: StartResult): void {
    if (this.#isResolved) return;
    this.#isResolved = true;
    this.#result.resolve(result);
  }

  #closeOne(): void {
    this.#open -= 1;
    if (this.#open === 0) this.#closed.resolve(undefined);
  }

  #look(identity: ProcessIdentity): void {
    if (!isAlive(identity)) {
      this.exit(unknownExit);
      return;
    }
    this.#poll = this.#clock.setTimeout(() => {
      this.#look(identity);
    }, pollMs);
  }
}

function nothing(): Readable {
  return Readable.from([]);
}
