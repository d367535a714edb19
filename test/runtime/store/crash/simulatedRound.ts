import assert from 'node:assert/strict';
import * as path from 'node:path';
import { UserError } from '../../../../src/runtime/errors.ts';
import { verifyActivity } from '../../../../src/runtime/governance/verifyActivity.ts';
import type { Database } from '../../../../src/runtime/store/database.ts';
import { migrations } from '../../../../src/runtime/store/migrations.ts';
import { openState } from '../../../../src/runtime/store/openState.ts';
import { Store } from '../../../../src/runtime/store/store.ts';
import { Chance } from '../../../support/chance.ts';
import { ManualClock } from '../../../support/manualClock.ts';
import { dumpState } from '../../../support/stateDump.ts';
import { applyChange, auditKey, modelAfter, readModel, type Change } from '../../../support/storeModel.ts';
import { TestLogger } from '../../../support/testLogger.ts';
import { UnsyncedDisk } from '../../../support/unsyncedDisk.ts';
import { wasmPath } from '../../../support/wasm.ts';

type OwnChange = Exclude<Change, { do: 'migrate' }>;

/** How the lives of a round ended, each with the operation that it did last. */
export type Ending = { readonly how: 'stopped' | 'failed' | 'closed' | 'left'; readonly lastOperation: string };

const directory = path.resolve('/store');
/** So that a random operation is now one of the opening, now one of the work. */
const openingOperations = 25;
const workingOperations = 250;

/**
 * Several lives of one store on one disk, each of which ends somewhere by a kill, a power loss, a failing disk or in order.
 * After each of them everything that was acknowledged has to be there, and nothing that was not issued.
 */
export async function runRound(seed: number): Promise<readonly Ending[]> {
  const round = new Round(new Chance(seed));
  return round.run();
}

class Round {
  readonly #chance: Chance;
  readonly #clock = new ManualClock();
  #disk: UnsyncedDisk;
  /** Transactions by sequence number, from 1. */
  #issued: (readonly Change[])[] = [];
  #acknowledged = 0;
  #hasFault = false;
  readonly #isBulky: boolean;

  constructor(chance: Chance) {
    this.#chance = chance;
    this.#isBulky = chance.is(0.05);
    this.#disk = new UnsyncedDisk(directory, chance.random);
  }

  async run(): Promise<readonly Ending[]> {
    const endings: Ending[] = [];
    for (let life = this.#chance.between(2, 5); life > 0; life -= 1) {
      endings.push(await this.#live());
      this.#disk = this.#crash();
      this.#issued.length = await this.#check();
    }
    return endings;
  }

  async #live(): Promise<Ending> {
    this.#chooseEnd();
    const schema = modelAfter(this.#issued).schema;
    const steps = migrations.slice(0, this.#chance.between(Math.max(1, schema), migrations.length));
    for (let to = schema + 1; to <= steps.length; to += 1) this.#issued.push([{ do: 'migrate', to }]);
    const store = await this.#tolerate(() => this.#open(steps));
    const how = store ? await this.#use(store) : 'failed';
    const { lastOperation, isStopped } = this.#disk;
    return { how: isStopped ? 'stopped' : how, lastOperation };
  }

  #chooseEnd(): void {
    const operation = this.#chance.between(1, this.#chance.is(0.3) ? openingOperations : workingOperations);
    this.#hasFault = this.#chance.is(0.25);
    if (this.#hasFault) {
      const code = this.#chance.pick('EIO', 'ENOSPC', 'EROFS');
      this.#disk.failAt({ at: operation, code, times: this.#chance.pick(1, 1, 3, Infinity) });
    } else if (this.#chance.is(0.8)) this.#disk.stopAfter(operation);
  }

  async #open(steps: readonly string[]): Promise<Store> {
    const store = await Store.open({
      directory,
      wasmPath,
      logger: new TestLogger(),
      isFenced: () => false,
      disk: this.#disk,
      clock: this.#clock,
      checkpointRecords: this.#chance.between(3, 40),
      migrations: steps,
    });
    assert.equal(store.sequence, this.#issued.length, 'the sequence after opening');
    assert.deepEqual(readModel(store), modelAfter(this.#issued));
    this.#acknowledged = store.sequence;
    return store;
  }

  async #use(store: Store): Promise<Ending['how']> {
    const hasLog = (readModel(store).log ?? null) !== null;
    const clients = Array.from({ length: this.#chance.between(1, 4) }, () => this.#work(store, hasLog));
    await Promise.all(clients);
    if (this.#chance.is(0.3) && !this.#disk.isStopped) await this.#compareWithReplay(store);
    const isClosing = this.#chance.is(0.5);
    if (!isClosing) this.#disk.stopAfter(0);
    const closed = await this.#tolerate(async () => {
      await store.close();
      // A store that has failed closes too.
      await store.durable();
      return store;
    });
    if (closed) this.#acknowledged = store.sequence;
    assert.equal(this.#disk.openFiles, 0, 'files left open');
    return closed ? 'closed' : isClosing ? 'failed' : 'left';
  }

  async #work(store: Store, hasLog: boolean): Promise<void> {
    for (let left = this.#chance.between(1, 20); left > 0 && !this.#disk.isStopped; left -= 1) {
      await this.#tolerate(() => this.#transact(store, hasLog));
      if (this.#chance.is(0.2)) this.#clock.tick(this.#chance.between(1, 60));
      for (let turns = this.#chance.between(0, 8); turns > 0; turns -= 1) await Promise.resolve();
    }
  }

  async #transact(store: Store, hasLog: boolean): Promise<void> {
    const changes = this.#draw(hasLog);
    const before = store.sequence;
    const isGivenUp = this.#chance.is(0.05);
    try {
      store.transact((writer) => {
        for (const change of changes) applyChange(writer, change);
        if (isGivenUp) throw new Error('given up');
      });
    } catch (error) {
      if (!isGivenUp || !(error instanceof Error) || error.message !== 'given up') throw error;
    } finally {
      if (store.sequence > before) this.#issued.push(changes);
    }
    if (!this.#chance.is(0.7)) return;
    const { sequence } = store;
    await store.durable(sequence);
    this.#acknowledged = Math.max(this.#acknowledged, sequence);
  }

  #draw(hasLog: boolean): OwnChange[] {
    if (this.#isBulky && this.#chance.is(0.1)) {
      // More than the journal takes space for at a time; or so much that a snapshot has space to give back afterwards.
      return [
        this.#chance.pick<OwnChange>(
          { do: 'put', name: 'long', value: 'x'.repeat(300_000) },
          { do: 'pile' },
          { do: 'clear' },
        ),
      ];
    }
    return Array.from({ length: this.#chance.between(1, 4) }, (): OwnChange => {
      const name = `name ${String(this.#chance.between(1, 12))}`;
      const kind = this.#chance.pick<OwnChange['do']>('put', 'put', 'put', 'drop', 'append', 'log', 'log', 'prune');
      if (kind === 'append') return { do: kind, suffix: this.#drawText(), below: name };
      if (kind === 'drop') return { do: kind, name };
      if (!hasLog || kind === 'put') return { do: 'put', name, value: this.#drawText() };
      if (kind === 'log')
        return { do: kind, details: JSON.stringify({ n: this.#issued.length }), text: this.#drawText() };
      return { do: kind, keep: this.#chance.between(1, 5) };
    });
  }

  #drawText(): string {
    const odd = ['', 'ä 🎺', 'cut \ud83c', 'nul \0 nul', '\ufeffmark', 'x'.repeat(700), `'";--`] as const;
    return this.#chance.is(0.5) ? this.#chance.pick(...odd) : String(this.#chance.random());
  }

  /** Undefined if it failed in a way that the end chosen for this life explains. */
  async #tolerate<T>(work: () => Promise<T>): Promise<T | undefined> {
    try {
      return await work();
    } catch (error) {
      if (this.#disk.isStopped) return undefined;
      if (this.#hasFault && error instanceof UserError && error.kind === 'storage') return undefined;
      throw error;
    }
  }

  async #compareWithReplay(store: Store): Promise<void> {
    const disk = this.#disk.afterKill();
    const state = await openState({ disk, directory, wasmPath, now: this.#clock.now() });
    try {
      if (state.sequence === store.sequence) assert.deepEqual(dumpState(state.database), dumpState(store));
      else assert.ok(this.#hasFault, 'what was written is not what is read');
    } finally {
      state.database.close();
    }
  }

  #crash(): UnsyncedDisk {
    const { random } = this.#chance;
    if (this.#chance.is(0.4)) return this.#disk.afterKill(random);
    return this.#disk.afterPowerLoss({ random, kept: this.#chance.pick(0, 0.1, 0.5, 0.9, 1) });
  }

  /** Answers how many transactions are there. */
  async #check(): Promise<number> {
    const disk = this.#disk.afterKill();
    const first = await this.#recover(disk);
    const again = await this.#recover(disk);
    assert.deepEqual(again, first, 'recovering twice');
    return first.sequence;
  }

  async #recover(disk: UnsyncedDisk): Promise<{ sequence: number; dump: string[] }> {
    const { database, sequence } = await openState({ disk, directory, wasmPath, now: this.#clock.now() });
    try {
      const span = `acknowledged ${String(this.#acknowledged)}, issued ${String(this.#issued.length)}`;
      assert.ok(sequence >= this.#acknowledged, `recovered only ${String(sequence)}: ${span}`);
      assert.ok(sequence <= this.#issued.length, `recovered ${String(sequence)}: ${span}`);
      assert.deepEqual(readModel(database), modelAfter(this.#issued.slice(0, sequence)));
      await assertWhole(database);
      return { sequence, dump: dumpState(database) };
    } finally {
      database.close();
    }
  }
}

async function assertWhole(database: Database): Promise<void> {
  assert.deepEqual(database.all('PRAGMA integrity_check'), [['ok']]);
  if (readModel(database).log === null) return;
  const pause = (): Promise<void> => Promise.resolve();
  const found = await verifyActivity({ reader: database, keyOf: () => auditKey, findHeadProblem: () => null, pause });
  assert.equal(found.fault, null, 'the audit chain');
}
