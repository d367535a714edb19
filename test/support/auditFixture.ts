import { join } from 'node:path';
import { Audit, type AuditEntry } from '../../src/runtime/governance/audit.ts';
import { AuditHead, auditHeadPath } from '../../src/runtime/governance/auditHead.ts';
import { AuditKeys } from '../../src/runtime/governance/auditKeys.ts';
import { verifyActivity } from '../../src/runtime/governance/verifyActivity.ts';
import type { ActivityFault } from '../../src/runtime/activityModel.ts';
import type { Row } from '../../src/runtime/store/database.ts';
import { Store } from '../../src/runtime/store/store.ts';
import { ManualClock } from './manualClock.ts';
import { makeTemporaryFolder, type TemporaryFolder } from './temporaryFolder.ts';
import { TestLogger } from './testLogger.ts';
import { wasmPath } from './wasm.ts';

export const keyOne = '11'.repeat(32);
export const keyTwo = '22'.repeat(32);

type Figures = Awaited<ReturnType<typeof verifyActivity>>;

/** An audit log on a store of its own, with its head in a directory beside it; closing and opening it again begins a new life. */
export class AuditFixture implements AsyncDisposable {
  readonly clock: ManualClock;
  readonly logger = new TestLogger();
  isFenced = false;
  store: Store;
  keys: AuditKeys;
  head: AuditHead;
  audit: Audit;
  readonly #folder: TemporaryFolder;

  private constructor(store: Store, folder: TemporaryFolder, clock: ManualClock) {
    this.#folder = folder;
    this.clock = clock;
    this.store = store;
    ({ keys: this.keys, head: this.head, audit: this.audit } = this.#compose());
  }

  static async open(key?: string): Promise<AuditFixture> {
    const folder = makeTemporaryFolder();
    const fixture = new AuditFixture(await openStore(folder.path), folder, new ManualClock());
    if (key !== undefined) fixture.audit.offerKey(key);
    return fixture;
  }

  get path(): string {
    return this.#folder.path;
  }

  get headPath(): string {
    return auditHeadPath(join(this.path, 'registry'), 'f');
  }

  /** Records an entry about agent `a`, changed as given, in a transaction of its own. */
  record(part: Partial<AuditEntry> = {}): void {
    const base = { actor: 'user:window', action: 'agent.paused', target: 'agent:a', agent: 'a' } as const;
    this.clock.tick(1000);
    this.store.transact((writer) => {
      this.audit.record(writer, { ...base, ...part });
    });
  }

  recordMany(count: number, part: Partial<AuditEntry> = {}): void {
    for (let index = 0; index < count; index += 1) this.record(part);
  }

  /** Changes rows behind everybody's back. */
  tamper(sql: string, params: Row = []): void {
    this.store.transact((writer) => {
      writer.run(sql, params);
    });
  }

  verify(): Promise<Figures> {
    return verifyActivity({
      reader: this.store,
      keyOf: this.keys.find,
      findHeadProblem: () => this.head.findProblem(),
      pause: () => Promise.resolve(),
    });
  }

  async fault(): Promise<Pick<ActivityFault, 'problem' | 'number'> | null> {
    const { fault } = await this.verify();
    return fault && { problem: fault.problem, number: fault.number };
  }

  /** Ends this life and begins the next from what is on the disk. Its first entry is `runtime.started`, as always. */
  async reopen(key?: string): Promise<void> {
    this.head.dispose();
    await this.store.close();
    this.store = await openStore(this.path);
    ({ keys: this.keys, head: this.head, audit: this.audit } = this.#compose());
    this.record({ actor: 'runtime', action: 'runtime.started', target: 'runtime' });
    if (key !== undefined) this.audit.offerKey(key);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.head.dispose();
    await this.store.close();
    this.#folder[Symbol.dispose]();
  }

  #compose(): Pick<AuditFixture, 'keys' | 'head' | 'audit'> {
    const { store, clock, logger } = this;
    const keys = new AuditKeys();
    const isFenced = (): boolean => this.isFenced;
    const stateDirectory = join(this.path, 'registry');
    const head = new AuditHead({ store, keys, clock, logger, stateDirectory, folderId: 'f', isFenced });
    return { keys, head, audit: new Audit({ store, clock, keys, head }) };
  }
}

function openStore(path: string): Promise<Store> {
  return Store.open({ directory: path, wasmPath, logger: new TestLogger(), isFenced: () => false });
}
