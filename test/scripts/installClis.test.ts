import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { cliPackages } from '../../scripts/clis/cliPackages.ts';
import { ensureCli, type Install } from '../../scripts/clis/installClis.ts';
import { useTemporaryFolder } from '../support/eachTemporaryFolder.ts';

const claude = cliPackages.find(({ name }) => name === 'claude')!;

/** What npm leaves behind: the platform's package with its program. */
const put: Install = async (_cli, folder) => {
  const package_ = join(folder, 'node_modules/@anthropic-ai/claude-code-test');
  mkdirSync(package_, { recursive: true });
  writeFileSync(join(package_, process.platform === 'win32' ? 'claude.exe' : 'claude'), '');
};

describe('installing the CLIs for tests', () => {
  const cache = useTemporaryFolder();
  const folder = () => join(cache.path, `claude-${claude.version}`);

  it('installs once', async () => {
    let count = 0;
    const counted: Install = async (cli, target) => {
      count += 1;
      await put(cli, target);
    };
    const program = await ensureCli(claude, cache.path, counted);
    assert.equal(await ensureCli(claude, cache.path, counted), program);
    assert.equal(count, 1);
    assert(program.startsWith(folder()));
  });

  it('begins again where an install broke off, and removes what a dead process left', async () => {
    mkdirSync(join(folder(), 'node_modules'), { recursive: true });
    mkdirSync(join(cache.path, `claude-${claude.version}.999999999.1`));
    await ensureCli(claude, cache.path, put);
    assert.deepEqual(readdirSync(cache.path), [`claude-${claude.version}`]);
  });

  it('keeps one of two installs at once', async () => {
    const [one, two] = await Promise.all([
      ensureCli(claude, cache.path, put),
      ensureCli(claude, cache.path, async (cli, target) => {
        await new Promise((resolve) => setTimeout(resolve, 50));
        await put(cli, target);
      }),
    ]);
    assert.equal(one, two);
    assert.deepEqual(readdirSync(cache.path), [`claude-${claude.version}`]);
  });

  it('keeps nothing of a failed install', async () => {
    await assert.rejects(
      ensureCli(claude, cache.path, () => Promise.reject(new Error('no registry'))),
      /no registry/,
    );
    assert.deepEqual(readdirSync(cache.path), []);
  });

  it('says so when npm leaves out the program of this platform', async () => {
    await assert.rejects(
      ensureCli(claude, cache.path, async (_cli, target) => {
        mkdirSync(join(target, 'node_modules'));
      }),
      /not its program for/,
    );
    assert.deepEqual(readdirSync(cache.path), []);
  });
});
