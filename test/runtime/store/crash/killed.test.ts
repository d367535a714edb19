import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { verifyActivity } from '../../../../src/runtime/governance/verifyActivity.ts';
import { realDisk } from '../../../../src/runtime/store/disk.ts';
import { decodeHeader, headerBytes } from '../../../../src/runtime/store/fileHeader.ts';
import { openState, type OpenedState } from '../../../../src/runtime/store/openState.ts';
import { DamagedStateError } from '../../../../src/runtime/store/recovery.ts';
import { journalPath, listGenerations } from '../../../../src/runtime/store/storeFiles.ts';
import { flipBit, zeroSector } from '../../../support/bytes.ts';
import { Chance } from '../../../support/chance.ts';
import { provenBytes, recordPlaces } from '../../../support/journalBytes.ts';
import { dumpState } from '../../../support/stateDump.ts';
import { auditKey, modelAfter, readModel } from '../../../support/storeModel.ts';
import { changesOf, phases, type Phase, type StoreWriterPlan } from '../../../support/storeWriterPlan.ts';
import { makeTemporaryFolder } from '../../../support/temporaryFolder.ts';
import { chosenSeed, drawSeeds, isLong, withSeed } from '../../../support/testSize.ts';
import { wasmPath } from '../../../support/wasm.ts';

const program = fileURLToPath(new URL('../../../fixtures/programs/storeWriter.ts', import.meta.url));
const kills = isLong ? 500 : 30;
const leastOfEach = isLong ? 40 : 2;
/** Operations of each phase in one life, about. */
const operationsOf: Record<Phase, number> = { open: 7, migrate: 12, commit: 60, rotate: 9, checkpoint: 9 };
const livesOfSeries = 10;
const writersAtOnce = 2;

type Cause = Phase | 'outside' | 'none';

/** What a writer said before it died. */
interface Words {
  readonly acknowledged: number;
  /** Bytes of each journal that were flushed, by its name. */
  readonly durable: ReadonlyMap<string, number>;
  readonly cause: Cause;
}

describe('A store whose process is killed', () => {
  it(`has everything acknowledged after each of ${String(kills)} kills, whatever happens to the rest`, async function () {
    this.timeout(isLong ? 1_800_000 : 120_000);
    this.slow(120_000);
    const counts = new Map<Cause, number>();
    const total = (): number => [...counts].reduce((sum, [cause, count]) => sum + (cause === 'none' ? 0 : count), 0);
    const isEnough = (): boolean =>
      total() >= kills && [...phases, 'outside' as const].every((cause) => (counts.get(cause) ?? 0) >= leastOfEach);
    const seeds = drawSeeds(kills);
    const worker = async (): Promise<void> => {
      for (let seed = seeds.shift(); seed !== undefined && !isEnough(); seed = seeds.shift()) {
        await withSeed(seed, async () => {
          for await (const cause of liveAndDie(new Chance(seed))) counts.set(cause, (counts.get(cause) ?? 0) + 1);
        });
      }
    };
    await Promise.all(Array.from({ length: writersAtOnce }, worker));

    console.log(`      ${String(total())} kills: ${JSON.stringify(Object.fromEntries(counts))}`);
    if (chosenSeed === undefined) assert.ok(isEnough(), `not enough kills: ${JSON.stringify([...counts])}`);
  });
});

/** The lives of one store, until a series of them is over; yields what ended each. */
async function* liveAndDie(chance: Chance): AsyncGenerator<Cause> {
  using folder = makeTemporaryFolder();
  const directory = path.join(folder.path, 'store');
  fs.mkdirSync(directory);
  let acknowledged = 0;
  const durable = new Map<string, number>();
  for (let life = 0; life < livesOfSeries; life += 1) {
    const words = await runWriter(planLife(chance, directory, life), chance);
    acknowledged = Math.max(acknowledged, words.acknowledged);
    for (const [name, bytes] of words.durable) durable.set(name, bytes);
    const found = await check(directory, acknowledged);
    assert.equal(found, null, 'a crash is no damage');
    await checkDamaged(directory, { chance, acknowledged, durable });
    yield words.cause;
  }
}

/** The schema grows from life to life, so that there is something to migrate. */
function planLife(chance: Chance, directory: string, life: number): StoreWriterPlan {
  const schema = Math.min(3, 1 + Math.floor(life / 2));
  const likely: readonly [Phase, ...Phase[]] =
    life < 6 && life % 2 === 0 ? ['migrate', 'migrate', 'open'] : ['open', 'commit', 'rotate', 'checkpoint'];
  const phase = chance.pick(...likely);
  const kill = chance.is(0.85) ? { phase, operation: chance.between(1, operationsOf[phase]) } : null;
  return { directory, wasmPath, schema, transactions: 60, kill };
}

async function runWriter(plan: StoreWriterPlan, chance: Chance): Promise<Words> {
  const writer = spawn(process.execPath, ['--no-warnings', program, JSON.stringify(plan)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exit = once(writer, 'exit') as Promise<[number | null, NodeJS.Signals | null]>;
  const words = { acknowledged: 0, durable: new Map<string, number>(), cause: 'none' as Cause };
  let linesLeft = plan.kill ? Infinity : chance.between(1, 60);
  for await (const line of createInterface({ input: writer.stdout })) {
    const [word, about = '', bytes] = line.split(' ');
    if (word === 'acknowledged') words.acknowledged = Number(about);
    else if (word === 'durable') words.durable.set(about, Number(bytes));
    else if (word === 'killing') words.cause = about as Phase;
    linesLeft -= 1;
    if (linesLeft === 0) writer.kill('SIGKILL');
  }
  const [code] = await exit;
  if (code !== 0 && words.cause === 'none') {
    assert.ok(linesLeft <= 0, `the writer ended by itself with ${String(code)}`);
    words.cause = 'outside';
  }
  return words;
}

/** Opens a copy. Answers why that was refused, if because of damage; null if everything is there. */
async function check(directory: string, acknowledged: number): Promise<string | null> {
  using copy = makeTemporaryFolder();
  fs.cpSync(directory, copy.path, { recursive: true });
  const listing = listFiles(copy.path);
  let state: OpenedState;
  try {
    state = await openState({ directory: copy.path, wasmPath, disk: realDisk, now: Date.now() });
  } catch (error) {
    if (!(error instanceof DamagedStateError)) throw error;
    assert.deepEqual(listFiles(copy.path), listing, 'a refusal changes nothing');
    return error.damage.detail;
  }
  const { database } = state;
  const found = readModel(database);
  const counter = Number(new Map(found.settings).get('counter') ?? 0);
  assert.ok(counter >= acknowledged, `${String(counter)} is there of ${String(acknowledged)} acknowledged`);
  const transactions = Array.from({ length: counter }, (_, index) => changesOf(index + 1, 1));
  assert.deepEqual(found.settings, modelAfter(transactions).settings, 'half a transaction');
  assert.deepEqual(database.all('PRAGMA integrity_check'), [['ok']]);
  if (found.log !== null) {
    const pause = (): Promise<void> => Promise.resolve();
    const audit = await verifyActivity({ reader: database, keyOf: () => auditKey, findHeadProblem: () => null, pause });
    assert.equal(audit.fault, null, 'the audit chain');
  }
  const dump = dumpState(database);
  database.close();
  const again = await openState({ directory: copy.path, wasmPath, disk: realDisk, now: Date.now() });
  assert.deepEqual(dumpState(again.database), dump, 'recovering twice');
  again.database.close();
  return null;
}

function listFiles(directory: string): (readonly [string, string])[] {
  const names = fs.readdirSync(directory, { recursive: true, encoding: 'utf8' });
  const files = names.filter((name) => fs.statSync(path.join(directory, name)).isFile()).sort();
  return files.map((name) => [name, fs.readFileSync(path.join(directory, name), 'base64')] as const);
}

interface Circumstances {
  readonly chance: Chance;
  readonly acknowledged: number;
  readonly durable: ReadonlyMap<string, number>;
}

/** What follows the flushed bytes may be anything; damage to what was flushed is found. */
async function checkDamaged(directory: string, { chance, acknowledged, durable }: Circumstances): Promise<void> {
  const last = newestJournal(directory);
  if (last === null) return;
  const journal = fs.readFileSync(last);
  const flushed = Math.max(durable.get(path.basename(last)) ?? headerBytes, provenBytes(journal));
  const behind = mangleBehind(journal, flushed, chance);
  const result = await checkWith(directory, { file: last, damage: behind, acknowledged });
  assert.equal(result, null, `only what nobody was told of was damaged (${behind.what})`);
  const names = fs.readdirSync(directory).filter((name) => /^(wal|snap)-\d+\.(log|sqjs)$/.test(name));
  const file = path.join(directory, chance.pick(path.basename(last), ...names));
  const bytes = fs.readFileSync(file);
  // What was flushed last of all shows its damage only once something was written behind it.
  const end = file === last ? provenBytes(bytes) : bytes.length;
  if (end === 0) return;
  const damage = mangleBefore(bytes, end, chance, file === last);
  await checkWith(directory, { file, damage, acknowledged });
}

/** The last journal that got as far as its header. */
function newestJournal(directory: string): string | null {
  const { journals } = listGenerations(realDisk, directory);
  const files = journals.map((generation) => journalPath(directory, generation));
  return files.findLast((file) => decodeHeader(fs.readFileSync(file), 'journal') !== null) ?? null;
}

interface Mangled {
  readonly bytes: Buffer;
  readonly what: string;
}

async function checkWith(
  directory: string,
  { file, damage, acknowledged }: { readonly file: string; readonly damage: Mangled; readonly acknowledged: number },
): Promise<string | null> {
  using copy = makeTemporaryFolder();
  fs.cpSync(directory, copy.path, { recursive: true });
  fs.writeFileSync(path.join(copy.path, path.basename(file)), damage.bytes);
  try {
    return await check(copy.path, acknowledged);
  } catch (error) {
    const { message } = error as Error;
    throw new Error(`${path.basename(file)}, ${damage.what}: ${message}`, { cause: error });
  }
}

function mangleBehind(journal: Buffer, from: number, chance: Chance): Mangled {
  const head = journal.subarray(0, from);
  const rest = journal.subarray(from);
  const noise = Buffer.from(Array.from({ length: chance.between(1, 300) }, () => chance.between(0, 255)));
  const at = from + chance.between(0, Math.max(0, Math.min(rest.length - 1, 300)));
  const record = recordPlaces(journal).at(chance.between(-3, -1));
  const what = chance.pick('cut', 'flip', 'zeros', 'noise', 'repeat');
  const mangled: Record<typeof what, Buffer> = {
    cut: journal.subarray(0, at),
    flip: at < journal.length ? flipBit(journal, at, chance.between(0, 7)) : journal,
    zeros: Buffer.concat([head, Buffer.alloc(rest.length)]),
    noise: Buffer.concat([head, noise, rest.subarray(noise.length)]),
    repeat: Buffer.concat([head, record ? journal.subarray(record.start, record.end) : noise, Buffer.alloc(500)]),
  };
  return { bytes: mangled[what], what: `${what} at ${String(at)}, behind ${String(from)}` };
}

/** Cutting the last journal is left out: nothing behind the cut is left that could tell of it. */
function mangleBefore(bytes: Buffer, end: number, chance: Chance, isLast: boolean): Mangled {
  const at = chance.between(0, end - 1);
  const what = chance.pick('flip', 'zeros', isLast ? 'flip' : 'cut', 'repeat');
  const mangled: Record<typeof what, Buffer> = {
    flip: flipBit(bytes, at, chance.between(0, 7)),
    zeros: Buffer.concat([zeroSector(bytes.subarray(0, end), at), bytes.subarray(end)]),
    cut: bytes.subarray(0, at),
    repeat: Buffer.concat([repeatRecord(bytes.subarray(0, end), chance), bytes.subarray(end)]),
  };
  return { bytes: mangled[what], what: `${what} at ${String(at)}, before ${String(end)} of ${String(bytes.length)}` };
}

/** As if a write had gone to the place of the last record. */
function repeatRecord(bytes: Buffer, chance: Chance): Buffer {
  const copy = Buffer.from(bytes);
  const records = recordPlaces(bytes);
  const [record, last] = [records.at(chance.between(0, 5)), records.at(-1)];
  if (record && last) bytes.subarray(record.start, record.end).copy(copy, last.start);
  return copy;
}
