import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Page } from 'playwright-core';
import { root } from '../testing/command.ts';
import { openStudio } from './studio.ts';
import { startVsCodeHost, type VsCodeHost } from './vsCodeHost.ts';
import { openView, pick, runCommand, waitForWorkbench } from './workbench.ts';

const images = path.join(root, 'out', 'screenshots');
const viewport = { width: 1440, height: 900 };

/** What the command line of the product is called with. */
type Reveille = (host: VsCodeHost, ...args: readonly string[]) => Promise<void>;

/** Takes pictures of agents of each adapter type after their runs, for looking at: `out/screenshots/*.png`. */
export async function takeAdapterPictures(themes: Readonly<Record<string, string>>, reveille: Reveille): Promise<void> {
  mkdirSync(images, { recursive: true });
  const studio = await openStudio();
  try {
    await using host = await startVsCodeHost({ workspace: studio.path, trust: true, extensionDevelopmentPath: root });
    await reveille(host, 'accept');
    await reveille(host, 'issue', 'create', 'Describe the configuration', '--assign', 'writer');
    for (const agent of ['writer', 'fixer', 'reviewer', 'checker']) await reveille(host, 'wake', agent, '--follow');
    await reveille(host, 'wake', 'deployer');
    await reveille(host, 'wake', 'helper');
    for (const [name, theme] of Object.entries(themes)) await takePictures(host, name, theme);
    await reveille(host, 'stop-runtime');
  } finally {
    studio.close();
    rmSync(path.dirname(studio.path), { recursive: true, force: true, maxRetries: 5 });
  }
}

async function takePictures(host: VsCodeHost, name: string, theme: string): Promise<void> {
  const settings = path.join(host.workspace, '.vscode/settings.json');
  mkdirSync(path.dirname(settings), { recursive: true });
  writeFileSync(settings, JSON.stringify({ 'workbench.colorTheme': theme }));
  const window = await host.openWindow({ viewport });
  const { page } = window;
  const shoot = (what: string) => page.screenshot({ path: path.join(images, `${what}-${name}.png`) });
  await waitForWorkbench(page);
  await page.keyboard.press('Control+Alt+B');
  await openView(page, 'Reveille');
  await openSessions(page);
  await transcriptOf(page, 'writer');
  await shoot('claude-transcript');
  await transcriptOf(page, 'fixer');
  await shoot('codex-transcript');
  await transcriptOf(page, 'reviewer');
  await shoot('http-transcript');
  await runCommand(page, 'View: Toggle Panel Visibility');
  await runCommand(page, 'Reveille: Check Agent…');
  await pick(page, 'writer');
  await lineWith(page, 'editor', 'Everything is in order');
  await shoot('check');
  await runCommand(page, 'Reveille: Check Agent…');
  await pick(page, 'helper');
  await lineWith(page, 'editor', 'It cannot work like this');
  await shoot('check-failed');
  await runCommand(page, 'Reveille: Show Run Log');
  await pick(page, 'writer');
  await lineWith(page, 'editor', 'Cost of this run');
  await shoot('run-log');
  await runCommand(page, 'Reveille: Open Dashboard');
  const dashboard = page.frameLocator('iframe.webview').frameLocator('#active-frame');
  await dashboard.getByText('reviewer').first().waitFor();
  await shoot('dashboard');
  await dashboard.locator('table').scrollIntoViewIfNeeded();
  await shoot('dashboard-runs');
  await window.close();
}

async function openSessions(page: Page): Promise<void> {
  const row = (label: RegExp) => page.locator('.pane').getByRole('treeitem', { name: label }).first();
  await row(/^writer, /)
    .locator('.monaco-tl-twistie')
    .click();
  await row(/^Sessions, /)
    .locator('.monaco-tl-twistie')
    .click();
  await row(/^all wakes without a task/).hover();
}

async function transcriptOf(page: Page, agent: string): Promise<void> {
  await runCommand(page, 'Reveille: Open Transcript');
  await pick(page, agent);
  await page.locator('.quick-input-widget').waitFor({ state: 'hidden' });
  // What is drawn may still be the channel before.
  await page.waitForFunction((name) => {
    const shown = document.querySelector<HTMLSelectElement>('.part.panel select');
    return shown?.selectedOptions[0]?.text === name;
  }, agent);
  await lineWith(page, 'panel', 'succeeded after');
}

/** Waits for a line with these words; an editor draws spaces as others, and a line in pieces. */
async function lineWith(page: Page, part: 'editor' | 'panel', words: string): Promise<void> {
  const text = new RegExp(words.split(' ').join('\\s'));
  await page.locator(`.part.${part} .view-line`).filter({ hasText: text }).first().waitFor();
}
