import assert from 'node:assert/strict';
import type { AgentDefinition } from '../../src/runtime/definition.ts';
import { Audit } from '../../src/runtime/governance/audit.ts';
import { AuditKeys } from '../../src/runtime/governance/auditKeys.ts';
import { putAgentDefinition } from '../../src/runtime/store/agentTable.ts';
import { findRun, listQueuedRuns, type RunRow, type Settlement } from '../../src/runtime/store/runTable.ts';
import { StateWriter } from '../../src/runtime/store/stateWriter.ts';
import { Store } from '../../src/runtime/store/store.ts';
import type { WakeRequest } from '../../src/runtime/wakeups/inbox.ts';
import { WakeQueue, type Admission } from '../../src/runtime/wakeups/queue.ts';
import { ManualClock } from './manualClock.ts';
import { makeDefinition } from './policies.ts';
import { makeTemporaryFolder } from './temporaryFolder.ts';
import { TestLogger } from './testLogger.ts';
import { wasmPath } from './wasm.ts';

/** A wake on demand with a text for agent `a`, changed as given. */
export function makeRequest(part: Partial<WakeRequest> = {}): WakeRequest {
  const base = { agent: 'a', source: 'on_demand', reason: 'r', text: 'text' } as const;
  return { ...base, issueId: null, taskKey: null, idempotencyKey: null, author: 'user', ...part };
}

const succeeded: Settlement = {
  status: 'succeeded',
  finishedAt: 0,
  exitCode: 0,
  signal: null,
  errorCode: null,
  message: null,
  stdoutExcerpt: '',
  stderrExcerpt: '',
  logBytes: 0,
  setback: null,
};

/** How runs end that are worth another try. */
export const transient: Partial<Settlement> = {
  status: 'failed',
  exitCode: 75,
  errorCode: 'temporary_failure',
  message: 'Not now.',
  setback: { kind: 'transient' },
};
export const lost: Partial<Settlement> = { status: 'failed', errorCode: 'process_lost', message: 'Lost.' };

/** The end of a run whose provider lets nothing through, until a time in epoch ms. */
export function limited(until: number | null, limit = 'requests'): Partial<Settlement> {
  const setback = { kind: 'rate_limit', limit, until } as const;
  return { status: 'failed', errorCode: 'rate_limited', message: 'Come back later.', setback };
}

/** A wake queue on a store of its own, with the accepted agents `a` and `b`. */
export class WakeFixture implements AsyncDisposable {
  readonly store: Store;
  readonly queue: WakeQueue;
  readonly clock: ManualClock;
  readonly state: StateWriter;
  readonly audit: Audit;
  readonly #folder: Disposable;

  private constructor(store: Store, folder: Disposable, definition: Partial<AgentDefinition>) {
    this.store = store;
    this.#folder = folder;
    this.clock = new ManualClock();
    this.state = new StateWriter(store, () => undefined);
    this.audit = new Audit({ store, clock: this.clock, keys: new AuditKeys() });
    // Chance in the middle: delays are exactly what their formula says.
    const random = (): number => 0.5;
    this.queue = new WakeQueue({ state: this.state, clock: this.clock, audit: this.audit, random });
    this.state.commit((transaction) => {
      const fields = { position: 0, fingerprint: 'f', isEnforced: true, anchorAt: 0 };
      for (const key of ['a', 'b']) {
        putAgentDefinition(transaction, { key, definition: makeDefinition('/', { ...definition, key }), ...fields });
      }
    });
  }

  static async open(definition: Partial<AgentDefinition> = {}): Promise<WakeFixture> {
    const folder = makeTemporaryFolder();
    const options = { directory: folder.path, wasmPath, logger: new TestLogger(), isFenced: () => false };
    return new WakeFixture(await Store.open(options), folder, definition);
  }

  ask(part: Partial<WakeRequest> = {}): Admission {
    return this.state.commit((transaction) => this.queue.admit(transaction, makeRequest(part)));
  }

  /** Claims a run and lets it end; answers its row afterwards. */
  end(runId: string, part: Partial<Settlement> = {}): RunRow {
    assert(this.queue.claim(runId, { commandLine: 'true', cwd: '/' }), 'The run was not to be claimed');
    return this.settle(runId, part);
  }

  /** Settles a run that was claimed as having succeeded, or as given. */
  settle(runId: string, part: Partial<Settlement> = {}, isDelivered = true): RunRow {
    this.queue.settle(runId, { ...succeeded, finishedAt: this.clock.now(), ...part }, isDelivered);
    return this.run(runId);
  }

  run(runId: string): RunRow {
    const run = findRun(this.store, runId);
    assert(run, 'There is no such run');
    return run;
  }

  /** The queued runs in their order. */
  get queued(): readonly RunRow[] {
    return listQueuedRuns(this.store, null, 100);
  }

  /** The only queued run. */
  get onlyQueued(): RunRow {
    const [run, ...others] = this.queued;
    assert(run && others.length === 0, `There are ${String(this.queued.length)} queued runs`);
    return run;
  }

  /** What became of the wakeups of a run's scope, in their order. */
  wakeups(agent = 'a'): string[] {
    return this.store
      .all('SELECT status FROM wakeup WHERE agent = ? ORDER BY number', [agent])
      .map(([status]) => String(status));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.store.close();
    this.#folder[Symbol.dispose]();
  }
}
