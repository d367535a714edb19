import type { ProgramPlan } from '../../adapters/adapter.ts';
import type { Clock } from '../../clock.ts';
import type { Disposable } from '../../lifecycle.ts';
import type { Logger } from '../../log.ts';
import type { ChildStarter, StartResult } from '../childStarter.ts';
import { SpawnerProcess, type StreamEndpoint } from './spawnerProcess.ts';

/** What a spawner needs to come up. */
export interface SpawnerPlace {
  /** Absolute path of the spawner's program. */
  readonly entry: string;
  /** Makes a socket's path that nobody else has; for each spawner a new one. */
  readonly openEndpoint: () => StreamEndpoint;
}

export interface SpawnerStarterOptions extends SpawnerPlace {
  /** Starts what the spawner cannot: it is not there yet, or does not come up. */
  readonly direct: ChildStarter;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** How long the spawner stays without a child, and how long after a failure it is tried again, in milliseconds. */
const idleMs = 60_000;
const retryMs = 60_000;

/** Spawning directly gets slower with the runtime's memory; only on Linux is that known to be worth a process of its own. */
export function usesSpawner(platform: NodeJS.Platform, place: SpawnerPlace | undefined): place is SpawnerPlace {
  return platform === 'linux' && place !== undefined;
}

/**
 * Starts programs through the spawner, and directly while that comes up: the first run does not wait for it, and none ever
 * depends on it. A spawner that has had no child for a minute is ended.
 */
export class SpawnerStarter implements ChildStarter, Disposable {
  readonly #options: SpawnerStarterOptions;
  #spawner: SpawnerProcess | null = null;
  #children = 0;
  #idle: Disposable | null = null;
  #retryAt = Number.NEGATIVE_INFINITY;
  #isDisposed = false;

  constructor(options: SpawnerStarterOptions) {
    this.#options = options;
  }

  /** The spawner's process while it can be used. */
  get spawnerPid(): number | undefined {
    return this.#spawner?.isReady === true ? this.#spawner.pid : undefined;
  }

  start(plan: ProgramPlan): Promise<StartResult> {
    const spawner = this.#spawner;
    const result = spawner?.isReady === true ? spawner.start(plan) : this.#options.direct.start(plan);
    this.#raise();
    void this.#count(result);
    return result;
  }

  dispose(): void {
    this.#isDisposed = true;
    this.#idle?.dispose();
    this.#spawner?.dispose();
  }

  async #count(starting: Promise<StartResult>): Promise<void> {
    this.#children += 1;
    this.#idle?.dispose();
    const result = await starting;
    if (result.kind === 'started') await result.child.exited;
    this.#children -= 1;
    if (this.#children > 0 || this.#isDisposed) return;
    this.#idle = this.#options.clock.setTimeout(() => this.#spawner?.dispose(), idleMs);
  }

  #raise(): void {
    const { entry, openEndpoint, clock, logger } = this.#options;
    if (this.#spawner !== null || this.#isDisposed || clock.monotonic() < this.#retryAt) return;
    const onDidEnd = (wasReady: boolean): void => {
      this.#spawner = null;
      if (wasReady || this.#isDisposed) return;
      this.#retryAt = clock.monotonic() + retryMs;
      logger.warn('The spawner did not come up; programs are started directly');
    };
    this.#spawner = new SpawnerProcess({ entry, endpoint: openEndpoint(), clock, onDidEnd });
  }
}
