import assert from 'node:assert/strict';
import { join } from 'node:path';
import { readHead } from '../../../../src/runtime/runs/changes/gitHead.ts';
import { findWorkingTree } from '../../../../src/runtime/runs/changes/workingTree.ts';
import { git, makeRepository, writeFiles } from '../../../support/gitRepository.ts';
import { makeTemporaryFolder } from '../../../support/temporaryFolder.ts';

async function headOf(folder: string): Promise<string | null> {
  const tree = await findWorkingTree(folder, folder);
  assert.ok(tree);
  return readHead(tree);
}

describe('the head of a repository', () => {
  it('is the commit of a branch, of a packed one, of none, and of a linked working tree', async () => {
    using temporary = makeTemporaryFolder();
    const main = join(temporary.path, 'main');
    makeRepository(main, { a: 'one' });
    const head = (folder: string): string => git(folder, 'rev-parse', 'HEAD').trim();
    assert.equal(await headOf(main), head(main));
    git(main, 'tag', 'heads/main', 'HEAD');
    git(main, 'pack-refs', '--all');
    assert.equal(await headOf(main), head(main));
    const linked = join(temporary.path, 'linked');
    git(main, 'worktree', 'add', '-q', '-b', 'other', linked);
    git(linked, 'commit', '-q', '--allow-empty', '-m', 'second');
    assert.notEqual(head(linked), head(main));
    assert.equal(await headOf(linked), head(linked));
    git(linked, 'checkout', '-q', '--detach', 'HEAD~1');
    assert.equal(await headOf(linked), head(main));
    git(main, 'symbolic-ref', 'refs/heads/alias', 'refs/heads/main');
    git(main, 'symbolic-ref', 'HEAD', 'refs/heads/alias');
    assert.equal(await headOf(main), head(main));
  });

  it('is unborn before the first commit', async () => {
    using temporary = makeTemporaryFolder();
    git(temporary.path, 'init', '-q');
    assert.equal(await headOf(temporary.path), 'unborn');
  });

  const unknown: readonly (readonly [what: string, head: string])[] = [
    ['leads out of the repository', 'ref: refs/../../secret'],
    ['is no reference', 'ref: secret'],
    ['is kept in another format', 'ref: refs/heads/.invalid'],
    ['leads in a circle', 'ref: refs/heads/circle'],
    ['is empty', ''],
  ];
  for (const [what, head] of unknown) {
    it(`is not known where it ${what}`, async () => {
      using temporary = makeTemporaryFolder();
      makeRepository(temporary.path, { a: 'one' });
      const hash = git(temporary.path, 'rev-parse', 'HEAD');
      writeFiles(temporary.path, {
        secret: hash,
        '.git/secret': hash,
        '.git/refs/heads/circle': 'ref: refs/heads/circle\n',
      });
      writeFiles(temporary.path, { '.git/HEAD': `${head}\n` });
      assert.equal(await headOf(temporary.path), null);
    });
  }
});
