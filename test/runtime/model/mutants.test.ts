import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { makeTemporaryFolder } from '../../support/temporaryFolder.ts';
import { mutants, type Mutant } from './mutants.ts';

const project = join(import.meta.dirname, '../../..');
const rounds = 400;

describe('The model test notices', function () {
  this.timeout(180_000);

  for (const mutant of mutants) {
    it(`${mutant.name}: ${mutant.harm}`, () => {
      using folder = makeTemporaryFolder();
      copySources(folder.path);
      breakIt(folder.path, mutant);

      const { status, stdout } = runModelTest(folder.path);

      assert.equal(status, 1, stdout);
      assert.match(stdout, /Property failed after/);
    });
  }
});

function copySources(folder: string): void {
  for (const part of ['src', 'test/support', 'test/runtime/model', 'package.json', '.mocharc.json']) {
    cpSync(join(project, part), join(folder, part), { recursive: true });
  }
  symlinkSync(join(project, 'node_modules'), join(folder, 'node_modules'), 'dir');
}

function breakIt(folder: string, { file, find, replace }: Mutant): void {
  const path = join(folder, file);
  const parts = readFileSync(path, 'utf8').split(find);
  assert.equal(parts.length, 2, `${file} has ${String(parts.length - 1)} times: ${find}`);
  writeFileSync(path, parts.join(replace));
}

function runModelTest(folder: string): { status: number | null; stdout: string } {
  const mocha = join(project, 'node_modules/mocha/bin/mocha.js');
  const { status, stdout } = spawnSync(process.execPath, [mocha, 'test/runtime/model/engineModel.test.ts'], {
    cwd: folder,
    encoding: 'utf8',
    env: { ...process.env, REVEILLE_MODEL_ROUNDS: String(rounds), REVEILLE_MODEL_SHRINKS: 'no' },
  });
  return { status, stdout };
}
