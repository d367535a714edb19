import type { AgentDefinition } from '../../src/runtime/definition.ts';
import { Audit } from '../../src/runtime/governance/audit.ts';
import { AuditKeys } from '../../src/runtime/governance/auditKeys.ts';
import { putAgentDefinition } from '../../src/runtime/store/agentTable.ts';
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
    this.queue = new WakeQueue({ state: this.state, clock: this.clock, audit: this.audit });
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

  async [Symbol.asyncDispose](): Promise<void> {
    await this.store.close();
    this.#folder[Symbol.dispose]();
  }
}
