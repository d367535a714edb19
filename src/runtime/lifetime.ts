import type { Clock } from './clock.ts';
import type { Disposable } from './lifecycle.ts';

/** What a runtime does when the last window has gone. */
export type WhenWindowsClose = 'finishRuns' | 'keepRunning' | 'stop';

export interface LifetimePolicy {
  readonly whenWindowsClose: WhenWindowsClose;
  /** Longest life without a window under `keepRunning`. */
  readonly maxUnattendedHours: number;
}

/** What the lifetime is decided from. */
export interface Attendance {
  readonly clients: number;
  readonly activeRuns: number;
  /** Milliseconds since the last client left, or since the start if none ever came. */
  readonly unattendedMs: number;
  readonly policy: LifetimePolicy;
  readonly lingerMs: number;
}

/** `linger`: as if attended. `finish`: start nothing new, stop when the last run has ended. */
export type LifetimeDecision = 'live' | 'linger' | 'finish' | 'stop';

const hourMs = 3_600_000;

/** What to do now; pure. A reload of a window takes about 3 s, so leaving means nothing for the first `lingerMs`. */
export function decideLifetime(attendance: Attendance): LifetimeDecision {
  const { clients, activeRuns, unattendedMs, policy, lingerMs } = attendance;
  if (clients > 0) return 'live';
  if (unattendedMs < lingerMs) return 'linger';
  switch (policy.whenWindowsClose) {
    case 'stop':
      return 'stop';
    case 'finishRuns':
      return activeRuns > 0 ? 'finish' : 'stop';
    case 'keepRunning':
      return unattendedMs < policy.maxUnattendedHours * hourMs ? 'live' : activeRuns > 0 ? 'finish' : 'stop';
  }
}

export interface LifetimeOptions {
  readonly clock: Clock;
  readonly lingerMs: number;
  readonly clients: () => number;
  readonly activeRuns: () => number;
  /** False when the folder or the installation has gone: then the runtime has nothing to serve. */
  readonly hasGround: () => boolean;
  /** Called when the answer changes; `stop` comes last. */
  readonly onDecision: (decision: LifetimeDecision) => void;
}

const checkMs = 30_000;

/**
 * Ends the runtime in time: 30 s after its last client (or as the policy says), and within a minute after its folder went.
 * Re-decides whenever `review` is called and at least every 30 s.
 */
export class Lifetime implements Disposable {
  readonly #options: LifetimeOptions;
  #policy: LifetimePolicy = { whenWindowsClose: 'finishRuns', maxUnattendedHours: 24 };
  #unattendedSince: number | null;
  #last: LifetimeDecision = 'linger';
  #timer: Disposable | null = null;
  #isDisposed = false;

  constructor(options: LifetimeOptions) {
    this.#options = options;
    this.#unattendedSince = options.clock.monotonic();
    this.#arm(Math.min(options.lingerMs, checkMs));
  }

  /** The settings of the client that spoke last count. */
  setPolicy(policy: Partial<LifetimePolicy>): void {
    this.#policy = { ...this.#policy, ...policy };
    this.review();
  }

  /** Call after a client came or went, and after a run ended. */
  review(): void {
    if (this.#isDisposed) return;
    const { clock, clients, activeRuns, lingerMs, hasGround } = this.#options;
    if (clients() > 0) this.#unattendedSince = null;
    else this.#unattendedSince ??= clock.monotonic();
    const unattendedMs = this.#unattendedSince === null ? 0 : clock.monotonic() - this.#unattendedSince;
    const decision = hasGround()
      ? decideLifetime({ clients: clients(), activeRuns: activeRuns(), unattendedMs, policy: this.#policy, lingerMs })
      : 'stop';
    this.#arm(decision === 'linger' ? Math.min(Math.max(lingerMs - unattendedMs, 1), checkMs) : checkMs);
    if (decision === this.#last) return;
    this.#last = decision;
    this.#options.onDecision(decision);
  }

  dispose(): void {
    this.#isDisposed = true;
    this.#timer?.dispose();
  }

  #arm(delayMs: number): void {
    this.#timer?.dispose();
    if (this.#isDisposed) return;
    this.#timer = this.#options.clock.setTimeout(() => {
      this.review();
    }, delayMs);
  }
}
