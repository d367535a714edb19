/**
 * Takes the pictures of README and walkthrough from the real thing: a VS Code with the example, its agents woken, in a dark
 * and a light theme. Writes docs/images/*.png, and pictures of agents of each adapter type for looking at: out/screenshots/*.png.
 *
 *   --only dashboard|adapters   one of them
 */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { takeAdapterPictures } from './host/adapterPictures.ts';
import { startVsCodeHost, type VsCodeHost } from './host/vsCodeHost.ts';
import { openView, runCommand, waitForWorkbench } from './host/workbench.ts';
import { copyWorkshop } from './host/workspaceCopy.ts';
import { root, runNode } from './testing/command.ts';

const { values } = parseArgs({ options: { only: { type: 'string' } } });
const images = path.join(root, 'docs', 'images');
const viewport = { width: 1280, height: 800 };
const themes = { dark: 'Default Dark Modern', light: 'Default Light Modern' };

async function reveille(host: VsCodeHost, ...args: readonly string[]): Promise<void> {
  await runNode([path.join(root, 'dist/cli.js'), ...args, '--folder', host.workspace], {
    output: 'inherit',
    env: { REVEILLE_STATE_HOME: host.stateHome },
  });
}

/** In the workspace's own settings, so that nothing of it is left. */
function writeSettings(workspace: string, theme: string): void {
  mkdirSync(path.join(workspace, '.vscode'), { recursive: true });
  writeFileSync(path.join(workspace, '.vscode', 'settings.json'), JSON.stringify({ 'workbench.colorTheme': theme }));
}

async function takePictures(host: VsCodeHost, name: keyof typeof themes): Promise<void> {
  writeSettings(host.workspace, themes[name]);
  const window = await host.openWindow({ viewport });
  const { page } = window;
  await waitForWorkbench(page);
  await page.keyboard.press('Control+Alt+B');
  await openView(page, 'Reveille');
  await page.locator('.pane').getByText('surveyor').first().waitFor();
  await runCommand(page, 'Reveille: Open Dashboard');
  const dashboard = page.frameLocator('iframe.webview').frameLocator('#active-frame');
  await dashboard.getByText('surveyor').first().waitFor();
  const followed = reveille(host, 'wake', 'checker', '--follow');
  // In the views and on its card: half of it is drawn a moment earlier.
  const running = page.locator('.pane [role="treeitem"][aria-label^="checker, running"]');
  await running.nth(1).waitFor();
  await dashboard.getByText('running', { exact: true }).nth(1).waitFor();
  await page.screenshot({ path: path.join(images, `dashboard-${name}.png`) });
  await followed;
  await window.close();
}

if (values.only !== 'dashboard') {
  const build = await runNode(['esbuild.mjs'], { output: 'capture' });
  if (build.exitCode !== 0) throw new Error(build.output);
  await takeAdapterPictures(themes, reveille);
}
if (values.only === 'adapters') process.exit(0);
mkdirSync(images, { recursive: true });
const workspace = copyWorkshop();
try {
  const build = await runNode(['esbuild.mjs'], { output: 'capture' });
  if (build.exitCode !== 0) throw new Error(build.output);
  await using host = await startVsCodeHost({ workspace, trust: true, extensionDevelopmentPath: root });
  await reveille(host, 'accept');
  for (const agent of ['surveyor', 'historian']) await reveille(host, 'wake', agent, '--follow');
  for (const name of ['dark', 'light'] as const) await takePictures(host, name);
  await reveille(host, 'stop-runtime');
} finally {
  rmSync(path.dirname(workspace), { recursive: true, force: true, maxRetries: 5 });
}
