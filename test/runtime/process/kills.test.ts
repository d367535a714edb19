import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { inspectOwner } from '../../../src/endpoint/ownerRecord.ts';
import { isAlive } from '../../../src/runtime/processIdentity.ts';
import type { Store } from '../../../src/runtime/store/store.ts';
import { Chance } from '../../support/chance.ts';
import { poll } from '../../support/poll.ts';
import { buildProduct } from '../../support/productBuild.ts';
import { Place } from '../../support/runtimeProcess.ts';
import { fixtureProgram } from '../../support/testRuns.ts';
import { drawSeeds, isLong, withSeed } from '../../support/testSize.ts';
import type { TestWindow } from '../../support/testWindow.ts';

const kills = isLong ? 220 : 24;
const agents = ['plain', 'stubborn', 'resumable', 'lasting'] as const;
const isResumable = (agent: string): boolean => agent === 'resumable' || agent === 'lasting';

const configuration = `
defaults: { graceSec: 1 }
agents:
${agents
  .map(
    (agent) => `  ${agent}:
    adapter: process
    command: sh
    args: [${JSON.stringify(fixtureProgram('ledger.sh'))}, ${agent}, "${agent === 'lasting' ? '0.4' : '0.05'}"]
    shareCwd: true
    resumable: ${String(isResumable(agent))}
    heartbeat: { maxConcurrentRuns: 4 }`,
  )
  .join('\n')}
`;

/** A wake that the runtime acknowledged. */
interface Acknowledged {
  readonly text: string;
  readonly agent: string;
}

/** What the programs noted: the wakes that each run was told of, by run, as often as it began. */
type Ledger = readonly { readonly runId: string; readonly texts: readonly string[] }[];

/** Kills of a runtime with living trees, at moments that chance chooses, also while it recovers. */
class Killing {
  readonly place: Place;
  readonly acknowledged = new Map<string, Acknowledged>();
  readonly #chance: Chance;
  #kills = 0;
  #killedPid = 0;

  constructor(place: Place, seed: number) {
    this.place = place;
    this.#chance = new Chance(seed);
  }

  async run(): Promise<void> {
    while (this.#kills < kills) {
      await this.#killAtWork();
      while (this.#chance.is(0.3) && this.#kills < kills) await this.#killAtRecovery();
    }
  }

  async #killAtWork(): Promise<void> {
    const window = this.place.openWindow();
    await window.untilConnected(30_000);
    const wakes = this.#wakeAll(window);
    await new Promise((resolve) => setTimeout(resolve, this.#chance.between(0, 400)));
    this.#kill();
    await wakes;
    window.close();
  }

  async #killAtRecovery(): Promise<void> {
    const window = this.place.openWindow();
    await poll(() => this.#successor !== null, 'a runtime takes over', 30_000);
    await new Promise((resolve) => setTimeout(resolve, this.#chance.between(0, 120)));
    this.#kill();
    window.close();
  }

  get #successor(): number | null {
    const reading = inspectOwner(this.place.store);
    if (reading.kind !== 'record') return null;
    const { identity } = reading.record;
    return identity.pid !== this.#killedPid && isAlive(identity) ? identity.pid : null;
  }

  #kill(): void {
    const { pid } = this.place.owner.identity;
    process.kill(pid, 'SIGKILL');
    this.#killedPid = pid;
    this.#kills += 1;
  }

  async #wakeAll(window: TestWindow): Promise<void> {
    const wakes = Array.from({ length: 5 }, async (_, index) => {
      const agent = this.#chance.pick(...agents);
      const text = `<w${String(this.#kills)}.${String(index)}>`;
      const taskKey = `task ${String(this.#chance.between(0, 2))}`;
      const { wakeupId } = await window.connection.request('agent.wake', { agent, taskKey, text });
      this.acknowledged.set(wakeupId, { text, agent });
    });
    // Those that were on their way when the runtime was killed have no answer.
    await Promise.allSettled(wakes);
  }
}

describe('A runtime that is killed again and again while trees of processes live', function () {
  this.timeout(isLong ? 3_600_000 : 180_000);
  before(() => buildProduct());

  const [seed = 1] = drawSeeds(1);
  it(`loses no wake, delivers none twice, and leaves nothing alive (${String(kills)} kills)`, () =>
    withSeed(seed, endure));
});

async function endure(seed: number): Promise<void> {
  console.log(`      seed ${String(seed)} (REVEILLE_TEST_SEED)`);
  await using place = await Place.make({ configuration });
  (await place.openReadyWindow()).close();
  const killing = new Killing(place, seed);
  await killing.run();

  const last = place.openWindow();
  await last.untilConnected(30_000);
  const isQuiet = (): boolean => [...last.state.runs.values()].every((run) => run.finishedAt !== null);
  await last.until(({ state }) => state !== null && isQuiet(), 60_000);
  await place.stop();

  assert.deepEqual(await place.processesOfRuns(), []);
  const store = await place.openStore();
  try {
    check(store, killing.acknowledged, readLedger(place.folder));
  } finally {
    await store.close();
  }
}

function readLedger(folder: string): Ledger {
  const file = join(folder, 'ledger');
  const lines = existsSync(file) ? readFileSync(file, 'utf8').split('\n') : [];
  return lines
    .map((line) => line.split(' ').filter((word) => word !== ''))
    .filter(([what]) => what === 'begin')
    .map(([, runId = '', ...texts]) => ({ runId, texts }));
}

function check(store: Store, acknowledged: ReadonlyMap<string, Acknowledged>, ledger: Ledger): void {
  assert.deepEqual(store.all(`SELECT id FROM run WHERE finished_at IS NULL`), []);
  assert.deepEqual(store.all(`SELECT id FROM wakeup WHERE ended_at IS NULL`), []);
  assert.equal(new Set(ledger.map(({ runId }) => runId)).size, ledger.length, 'A run began twice');
  const told: Record<string, number> = {};
  for (const [id, { text, agent }] of acknowledged) {
    const executions = ledger.filter(({ texts }) => texts.includes(text)).map(({ runId }) => runId);
    const end = endOf(store, id);
    const what = `Wake ${text} of ${agent} (${end.status}) was told to ${executions.join(', ')}`;
    assert.equal(executions.length <= (isResumable(agent) ? 2 : 1), true, what);
    assert.equal(new Set(executions).size, executions.length, what);
    if (end.status === 'completed') assert.equal(executions.at(-1), end.runId, what);
    else assert.deepEqual([end.status, end.errorCode], ['failed', 'process_lost'], what);
    told[end.status] = (told[end.status] ?? 0) + 1;
  }
  const retried = store.all(`SELECT id FROM run WHERE attempt = 2 AND status = 'succeeded'`).length;
  console.log(`      wakes ${JSON.stringify(told)}, second attempts that succeeded: ${String(retried)}`);
  assert.equal((told['completed'] ?? 0) > kills / 2, true, 'Hardly anything was delivered');
  assert.equal(retried > 0, true, 'Nothing was ever tried again');
}

function endOf(store: Store, wakeupId: string): { status: string; runId: string; errorCode: string | null } {
  const sql = 'SELECT w.status, r.id, r.error_code FROM wakeup w JOIN run r ON r.id = w.run_id WHERE w.id = ?';
  const row = store.get(sql, [wakeupId]);
  assert(row, `An acknowledged wake is lost: ${wakeupId}`);
  return { status: String(row[0]), runId: String(row[1]), errorCode: row[2] as string | null };
}
