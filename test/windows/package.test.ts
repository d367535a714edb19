import assert from 'node:assert/strict';
import { readdir, readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { after, before, describe, it } from 'mocha';
import { copyWorkshop } from '../../scripts/host/workspaceCopy.ts';
import { runNode } from '../../scripts/testing/command.ts';
import {
  openView,
  pick,
  runCommand,
  startVsCodeHost,
  waitForWorkbench,
  type VsCodeHost,
} from '../support/vscodeHost.ts';

const shipped =
  /^(package(\.nls(\.[\w-]+)?)?\.json|readme\.md|changelog\.md|LICENSE\.txt|\.vsixmanifest|dist\/.+|media\/.+|l10n\/.+)$/i;
const needed = [
  'extension.js',
  'runtime.js',
  'spawner.js',
  'cli.js',
  'dashboard.js',
  'dashboard.css',
  'sql-wasm.wasm',
  'reveille.schema.json',
];

describe('the packaged extension', function () {
  this.timeout(120_000);
  let workspace: string;
  let host: VsCodeHost;
  let installed: string;

  before(async () => {
    workspace = copyWorkshop();
    const vsix = path.join(path.dirname(workspace), 'reveille.vsix');
    const packaging = await runNode(['scripts/package.ts', '--out', vsix], { output: 'capture' });
    assert.equal(packaging.exitCode, 0, packaging.output);
    host = await startVsCodeHost({ workspace, trust: true, vsix });
    const extensions = path.join(host.dataFolder, 'extensions');
    const name = (await readdir(extensions)).find((entry) => entry.startsWith('reveille.reveille-'));
    assert.ok(name, 'VS Code installed no extension');
    installed = path.join(extensions, name);
  });

  after(async () => {
    await host.dispose();
    await rm(path.dirname(workspace), { recursive: true, force: true, maxRetries: 5 });
  });

  it('contains what it needs, and neither sources nor source maps', async () => {
    const entries = await readdir(installed, { recursive: true, withFileTypes: true });
    const files = entries
      .filter((entry) => entry.isFile())
      .map((entry) => path.relative(installed, path.join(entry.parentPath, entry.name)).split(path.sep).join('/'));
    assert.deepEqual(
      files.filter((file) => !shipped.test(file) || /\.(ts|map)$/.test(file)),
      [],
    );
    assert.deepEqual(
      needed.filter((file) => !files.includes(`dist/${file}`)),
      [],
    );
  });

  it('runs an agent that was woken from the palette', async () => {
    const accepting = await runNode([path.join(installed, 'dist/cli.js'), 'accept', '--folder', workspace], {
      output: 'capture',
      env: { REVEILLE_STATE_HOME: host.stateHome },
    });
    assert.equal(accepting.exitCode, 0, accepting.output);

    const { page } = await host.openWindow();
    await waitForWorkbench(page);
    await openView(page, 'Reveille');
    await page.locator('.pane').getByText('surveyor').first().waitFor({ timeout: 30_000 });
    await runCommand(page, 'Reveille: Wake Agent…');
    await pick(page, 'surveyor');
    await page.locator('.pane [role="treeitem"][aria-label*="surveyor"][aria-label*="ucceeded"]').first().waitFor();

    const report = await readFile(path.join(workspace, 'reports/todos.md'), 'utf8');
    assert.match(report, /src\/money\.js:20/);
  });
});
