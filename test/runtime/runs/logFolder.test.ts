import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { LogFolder } from '../../../src/runtime/runs/logFolder.ts';
import { useTemporaryFolder } from '../../support/eachTemporaryFolder.ts';

const runId = '01JD0000000000000000000001';
const otherId = '01JD0000000000000000000002';

describe('LogFolder', () => {
  const folder = useTemporaryFolder();

  function write(...names: string[]): void {
    for (const name of names) writeFileSync(join(folder.path, name), 'x');
  }

  async function runIds(): Promise<string[]> {
    const found = new Set<string>();
    for await (const id of new LogFolder(folder.path).runIds()) found.add(id);
    return [...found].sort();
  }

  it('removes the log and the index of one run, whichever of them there are', async () => {
    const logs = new LogFolder(folder.path);
    write(`${runId}.log`, `${runId}.idx`, `${otherId}.idx`);

    await logs.remove(runId);
    assert.deepEqual(readdirSync(folder.path), [`${otherId}.idx`]);
    await logs.remove(otherId);
    await logs.remove(otherId);

    assert.deepEqual(readdirSync(folder.path), []);
  });

  it('knows runs by either file and takes nothing else for one', async () => {
    write(`${runId}.log`, `${otherId}.idx`, 'notes.log', `${runId}.log.bak`, `x${runId}.log`);
    mkdirSync(join(folder.path, 'sub'));

    assert.deepEqual(await runIds(), [runId, otherId]);
  });

  it('says when the files of a run were last written', async () => {
    const logs = new LogFolder(folder.path);
    write(`${runId}.log`, `${runId}.idx`);
    utimesSync(join(folder.path, `${runId}.log`), 100, 100);
    utimesSync(join(folder.path, `${runId}.idx`), 200, 200);

    assert.equal(await logs.lastWrittenAt(runId), 200_000);
    assert.equal(await logs.lastWrittenAt(otherId), null);
  });
});
