import { Dispatcher, type DispatcherOptions } from '../../src/runtime/wakeups/dispatcher.ts';
import type { ClaimedRun } from '../../src/runtime/wakeups/queue.ts';
import type { SlotPool } from '../../src/runtime/wakeups/slotPool.ts';
import { TestLogger } from './testLogger.ts';
import type { WakeFixture } from './wakeFixture.ts';

/** For a folder that shares with nobody. */
export const boundlessPool: SlotPool = {
  isFull: false,
  take: () => true,
  release: () => undefined,
  rest: () => undefined,
};

/** A dispatcher whose runs go on until the test settles them. */
export class TestDispatch {
  readonly dispatcher: Dispatcher;
  readonly #fixture: WakeFixture;
  readonly #running = new Map<string, { readonly claimed: ClaimedRun; readonly end: () => void }>();

  constructor(fixture: WakeFixture, part: Partial<DispatcherOptions> = {}) {
    this.#fixture = fixture;
    this.dispatcher = new Dispatcher({
      reader: fixture.store,
      state: fixture.state,
      queue: fixture.queue,
      logger: new TestLogger(),
      slots: 9,
      pool: boundlessPool,
      facts: () => ({ isStopped: false, isDraining: false, isTrusted: true }),
      isConsented: () => Promise.resolve(true),
      describe: () => 'command',
      execute: (claimed) => new Promise((end) => this.#running.set(claimed.run.id, { claimed, end })),
      onDidEnd: () => undefined,
      ...part,
    });
  }

  /** What runs, in the order of its start. */
  get claimed(): ClaimedRun[] {
    return [...this.#running.values()].map(({ claimed }) => claimed);
  }

  /** The ids of what runs. */
  get running(): string[] {
    return [...this.#running.keys()];
  }

  /** Lets start what may. */
  pass(): Promise<void> {
    return this.dispatcher.dispatch();
  }

  /** Settles a run as succeeded; resolves when everything has started that could then. */
  async end(runId: string): Promise<void> {
    const ending = this.#running.get(runId);
    if (!ending) throw new Error(`The run ${runId} does not run.`);
    this.#running.delete(runId);
    const nothing = {
      exitCode: 0,
      setback: null,
      signal: null,
      stdoutExcerpt: '',
      stderrExcerpt: '',
      logBytes: 0,
      message: null,
    };
    const finishedAt = this.#fixture.clock.now();
    this.#fixture.queue.settle(runId, { ...nothing, status: 'succeeded', errorCode: null, finishedAt });
    ending.end();
    await new Promise(setImmediate);
    await this.dispatcher.dispatch();
  }
}
