import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { identifyFolder } from '../../../src/endpoint/folderIdentity.ts';
import { poll } from '../../support/poll.ts';
import { buildProduct } from '../../support/productBuild.ts';
import { Place } from '../../support/runtimeProcess.ts';

const windowProgram = fileURLToPath(new URL('../../fixtures/windowProcess.ts', import.meta.url));

interface OpenedWindow {
  readonly process: ChildProcess;
  readonly pid: number;
  readonly storePath: string;
}

/** Opens a window in a process of its own; resolves once it is connected. */
function openElsewhere(place: Place, storagePath: string): Promise<OpenedWindow> {
  const options = JSON.stringify(place.windowProcessOptions(storagePath));
  const child = spawn(process.execPath, [windowProgram, options], { stdio: ['pipe', 'pipe', 'inherit'] });
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code) => reject(new Error(`The window ended with ${code}`)));
    createInterface({ input: child.stdout }).on('line', (line) => {
      const { pid, storePath } = JSON.parse(line) as { pid?: number; storePath?: string };
      if (pid !== undefined && storePath !== undefined) resolve({ process: child, pid, storePath });
    });
  });
}

async function closeElsewhere({ process: child }: OpenedWindow): Promise<void> {
  const exited = once(child, 'exit');
  child.stdin?.end();
  await exited;
}

describe('The runtime process', function () {
  this.timeout(60_000);
  before(() => buildProduct());

  it('is one for six processes that open a folder at once, with one store', async () => {
    await using place = await Place.make();
    const paths = [1, 2, 3, 4, 5, 6].map((number) => join(place.path, 'storage', String(number)));

    const windows = await Promise.all(paths.map((path) => openElsewhere(place, path)));

    assert.equal(new Set(windows.map(({ pid }) => pid)).size, 1);
    assert.equal(new Set(windows.map(({ storePath }) => storePath)).size, 1);
    assert.equal(place.owner.epoch, 1);
    assert.equal(place.diary.match(/The runtime is ready/g)?.length, 1);

    const late = place.openWindow({ storagePath: join(place.path, 'somewhere', 'else') });
    await late.untilConnected();
    assert.equal(late.pid, windows[0]?.pid);
    assert.equal(late.state.runtime.storePath, windows[0]?.storePath);
    await Promise.all(windows.map(closeElsewhere));
  });

  it('is one also where eight are started at the same moment: the others say that it runs, and leave', async () => {
    await using place = await Place.make();
    const store = join(place.path, 'store');
    await place.registry.findOrCreate(await identifyFolder(place.folder), store);
    const program = join(place.product.directory, 'runtime.js');
    const env = { ...process.env, REVEILLE_STATE_HOME: place.stateHome };
    const args = [program, '--folder', place.folder, '--store', store];
    const started = Array.from({ length: 8 }, () =>
      spawn(process.execPath, args, { env, stdio: ['ignore', 'ignore', 'pipe'] }),
    );

    const losers: string[] = [];
    for (const child of started) {
      void Promise.all([once(child, 'close'), text(child.stderr)]).then(([[code], said]) =>
        losers.push(`${code} ${said}`),
      );
    }
    await poll(() => losers.length >= 7, 'seven of them leave');

    for (const said of losers)
      assert.match(said, /^3 \{"kind":"owned_elsewhere","message":".*(already runs|at the same moment)/);
    await poll(() => place.owner.endpoint !== null, 'the last one listens');
    assert.equal(place.owner.epoch, 1);
    assert.deepEqual(
      started.filter(({ exitCode }) => exitCode === null).map(({ pid }) => pid),
      [place.owner.identity.pid],
    );
  });

  it('goes on with a run while its window reloads, and shows the whole log afterwards, once', async () => {
    await using place = await Place.make();
    const before = await place.openReadyWindow();
    const runId = await before.startWorker('a');
    const { pid } = before;
    before.close();

    const after = place.openWindow();
    await after.untilConnected();
    assert.equal(after.pid, pid);
    assert.equal(after.state.runs.get(runId)?.status, 'running');
    place.letGo();
    const run = await after.settled(runId);

    assert.equal(run.status, 'succeeded');
    const lines = (await after.readLog(runId)).trimEnd().split('\n');
    const counted = lines.filter((line) => line.startsWith('line '));
    assert.deepEqual(
      counted,
      counted.map((_line, index) => `line ${index + 1}`),
    );
    assert.equal(lines.at(-1), `finished after ${counted.length}`);
    assert.equal(lines.filter((line) => line.includes('text of a')).length, 1);
    assert.deepEqual(place.started, [runId]);
  });
});
