import { DisposableStore, type Disposable } from './lifecycle.ts';
import type { Clock } from './clock.ts';
import { Lifetime, type LifetimeDecision } from './lifetime.ts';
import type { Server } from './server.ts';
import type { ClientContext } from './serverClient.ts';

export interface AttendanceOptions {
  readonly server: Pick<Server, 'clients' | 'onDidAttach' | 'onDidUpdate' | 'onDidDetach'>;
  readonly clock: Clock;
  readonly lingerMs: number;
  readonly activeRuns: () => number;
  /** See `LifetimeOptions`. */
  readonly hasGround: () => boolean;
  /** The rights or the wish to start runs have changed. */
  readonly onDidChange: () => void;
  /** Nobody needs the runtime any more. */
  readonly onDidExpire: () => void;
}

/** Who is there, and what follows: whether runs may start (trust, finishing) and whether the runtime lives on. */
export class Attendance implements Disposable {
  readonly #options: AttendanceOptions;
  readonly #owned = new DisposableStore();
  readonly #lifetime: Lifetime;
  #isTrusted = false;
  #isFinishing = false;

  constructor(options: AttendanceOptions) {
    const { server, clock, lingerMs, activeRuns, hasGround } = options;
    this.#options = options;
    this.#lifetime = this.#owned.add(
      new Lifetime({
        clock,
        lingerMs,
        clients: () => server.clients.length,
        activeRuns,
        hasGround,
        onDecision: (decision) => {
          this.#follow(decision);
        },
      }),
    );
    const meet = (client: ClientContext): void => {
      this.#meet(client);
    };
    this.#owned.add(server.onDidAttach(meet));
    this.#owned.add(server.onDidUpdate(meet));
    this.#owned.add(
      server.onDidDetach(() => {
        this.#reconsiderTrust();
        this.#lifetime.review();
      }),
    );
  }

  /** True if any connected client is trusted; without clients the last answer stays. */
  get isTrusted(): boolean {
    return this.#isTrusted;
  }

  /** True while somebody is there who may answer a question: a person at a trusted window. */
  get hasPerson(): boolean {
    return this.#options.server.clients.some(({ kind, isTrusted }) => kind === 'window' && isTrusted);
  }

  /** True while nobody is there and only what runs is to be finished. */
  get isFinishing(): boolean {
    return this.#isFinishing;
  }

  /** Call after a run has ended. */
  review(): void {
    this.#lifetime.review();
  }

  dispose(): void {
    this.#owned.dispose();
  }

  #meet({ whenWindowsClose, maxUnattendedHours }: ClientContext): void {
    this.#reconsiderTrust();
    this.#lifetime.setPolicy({
      ...(whenWindowsClose !== undefined && { whenWindowsClose }),
      ...(maxUnattendedHours !== undefined && { maxUnattendedHours }),
    });
  }

  /** An agent that acts from its run is no one who grants trust. */
  #reconsiderTrust(): void {
    const clients = this.#options.server.clients.filter(({ run }) => run === null);
    if (clients.length === 0) return;
    this.#isTrusted = clients.some((client) => client.isTrusted);
    this.#options.onDidChange();
  }

  #follow(decision: LifetimeDecision): void {
    if (decision === 'stop') {
      this.#options.onDidExpire();
      return;
    }
    const isFinishing = decision === 'finish';
    if (isFinishing === this.#isFinishing) return;
    this.#isFinishing = isFinishing;
    this.#options.onDidChange();
  }
}
