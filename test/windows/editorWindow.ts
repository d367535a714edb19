import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { Locator, Page } from 'playwright-core';
import { root } from '../../scripts/testing/command.ts';
import { poll } from '../support/poll.ts';
import { pick, runCommand, type VsCodeWindow } from '../support/vscodeHost.ts';

/** Generous: a machine under load opens a window in many seconds. */
const limitMs = 30_000;

/** High enough for every row of the views, and for a whole short log, to be drawn. */
export const viewport = { width: 1400, height: 1500 };

const manifest = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8')) as {
  contributes: { commands: { command: string; title: string }[] };
};
const texts = JSON.parse(readFileSync(path.join(root, 'package.nls.json'), 'utf8')) as Record<string, string>;

/** How the palette shows a command of the extension. */
function titleOf(command: string): string {
  const title = manifest.contributes.commands.find((one) => one.command === command)?.title ?? command;
  return `Reveille: ${texts[title.replaceAll('%', '')] ?? title}`;
}

/** The views of the extension. */
export type ViewName = 'Agents' | 'Issues' | 'Runs' | 'Inbox';

/** One window of a real VS Code, read and used through what a person sees. */
export class EditorWindow {
  readonly page: Page;
  readonly #window: VsCodeWindow;

  constructor(window: VsCodeWindow) {
    this.#window = window;
    this.page = window.page;
    this.page.setDefaultTimeout(limitMs);
  }

  /** Waits for the workbench and shows Reveille's views. */
  async showViews(): Promise<void> {
    const tab = this.page.locator('.activitybar').getByRole('tab', { name: 'Reveille' });
    await tab.waitFor();
    // A reloaded window may show them by itself just before the click, which then hides them: hence look again.
    const isShown = async () => {
      if (await this.view('Agents').isVisible()) return true;
      if ((await tab.getAttribute('aria-selected')) !== 'true') await tab.click();
      return this.view('Agents')
        .waitFor({ timeout: 1000 })
        .then(
          () => true,
          () => false,
        );
    };
    await poll(isShown, 'the views are shown', limitMs);
  }

  /** Closes the tab as a person does. */
  close(): Promise<void> {
    return this.#window.close();
  }

  /** Runs a command of the extension from the palette; `choice` is the row to take from the list that it opens. */
  async run(command: string, choice?: string): Promise<void> {
    await runCommand(this.page, titleOf(command));
    if (choice !== undefined) await pick(this.page, choice);
  }

  /** Takes a row of the list in front. */
  choose(label: string): Promise<void> {
    return pick(this.page, label);
  }

  /** Answers the question in front. */
  async type(text: string): Promise<void> {
    const input = this.page.locator('.quick-input-widget input:is([type="text"], [type="password"])');
    await input.fill(text);
    await input.press('Enter');
  }

  /** Answers a question once it is asked: what was in front before may take its time to go. */
  async answer(question: string | RegExp, text: string): Promise<void> {
    await this.page.locator('.quick-input-widget').getByText(question).first().waitFor();
    await this.type(text);
  }

  /** Uses the button that a row shows under the pointer. */
  async useButton(row: Locator, name: string): Promise<void> {
    await row.hover();
    await row.getByRole('button', { name }).click();
  }

  /** Answers the dialog that asks for a file; `verb` is what its button says. */
  async chooseFile(file: string, verb: string): Promise<void> {
    const dialog = this.page.locator('.quick-input-widget');
    const button = dialog.getByRole('button', { name: verb });
    await button.waitFor();
    // It reads the folder from the disk; what is typed before that is lost.
    await dialog.getByRole('option').first().waitFor();
    await dialog.locator('input[type="text"]').fill(file);
    await button.click();
  }

  runBuiltIn(title: string): Promise<void> {
    return runCommand(this.page, title);
  }

  view(name: ViewName): Locator {
    return this.page.locator(`.pane:has(> .pane-header[aria-label^="${name}"])`);
  }

  /** A row by what a screen reader says. */
  row(view: ViewName, name: RegExp): Locator {
    return this.view(view).getByRole('treeitem', { name });
  }

  /** What a screen reader says of all rows. */
  rows(view: ViewName): Promise<string[]> {
    return this.view(view)
      .getByRole('treeitem')
      .evaluateAll((rows) => rows.map((row) => row.getAttribute('aria-label') ?? ''));
  }

  /** Reloads the window by its command; `meanwhile` is called once the old page has gone. */
  async reload(meanwhile: () => void): Promise<void> {
    const gone = this.page.waitForEvent('domcontentloaded');
    await this.runBuiltIn('Developer: Reload Window');
    await gone;
    meanwhile();
    await this.showViews();
  }

  /** Goes on in the same tab without a folder. */
  async leaveFolder(): Promise<void> {
    await this.#goTo('ew', 'true');
    await this.showViews();
  }

  /** Goes on in the same tab with a `.code-workspace` file; some of its folders have agents. */
  async openWorkspace(file: string): Promise<void> {
    await this.#goTo('workspace', file);
    await this.showViews();
    const agent = this.view('Agents').getByRole('treeitem').first();
    // Now and then this VS Code shows a workspace without any of its folders, until it is reloaded.
    await agent.waitFor({ timeout: 8000 }).catch(() => this.page.reload().then(() => this.showViews()));
    await agent.waitFor();
  }

  /** Adds a folder that has a configuration and lies beside the workspace file; the window goes on as it is. */
  async addFolder(folder: string): Promise<void> {
    await this.runBuiltIn('Workspaces: Add Folder to Workspace...');
    const dialog = this.page.locator('.quick-input-widget');
    // It reads the folders from the disk; what is typed before that is lost.
    await dialog.getByRole('option', { name: path.basename(folder) }).waitFor();
    await dialog.locator('input[type="text"]').fill(`${folder}/`);
    await dialog.getByRole('option', { name: '.reveille' }).waitFor();
    await dialog.getByRole('button', { name: 'Add' }).click();
  }

  /** Another address of the same host, instead of the folder. */
  async #goTo(parameter: string, value: string): Promise<void> {
    const url = new URL(this.page.url());
    url.searchParams.delete('folder');
    url.searchParams.set(parameter, value);
    await this.page.goto(url.href);
  }

  /** A row of the Problems view. */
  problem(text: string): Locator {
    return this.page.locator('.markers-panel').getByRole('treeitem').filter({ hasText: text });
  }

  /** The dialog in front. */
  get dialog(): Locator {
    return this.page.locator('.monaco-dialog-box');
  }

  /** The message that contains a text, from the list of messages, which stays open. */
  async message(text: string | RegExp): Promise<Locator> {
    const found = this.page.locator('.notification-list-item').filter({ hasText: text }).first();
    if (!(await this.page.locator('.notifications-center.visible').isVisible())) {
      await this.page.locator('.statusbar [id="status.notifications"]').click();
    }
    await found.waitFor();
    return found;
  }

  /** The status bar item. */
  get status(): Locator {
    return this.page.locator('.statusbar-item[id="reveille.reveille.reveille.status"]');
  }

  /** Lines of the editor in front that are drawn. */
  editorLines(): Promise<string[]> {
    return drawnLines(this.page.locator('.part.editor .view-lines').first());
  }

  /** Lines of the output panel that are drawn. */
  outputLines(): Promise<string[]> {
    return drawnLines(this.page.locator('.part.panel .view-lines').first());
  }
}

/** The editor keeps its lines in no order; where they are drawn is their order. */
function drawnLines(lines: Locator): Promise<string[]> {
  return lines.locator('.view-line').evaluateAll((drawn) =>
    drawn
      .map((line) => ({ top: Number.parseFloat((line as HTMLElement).style.top), text: line.textContent }))
      .sort((a, b) => a.top - b.top)
      .map(({ text }) => text.replaceAll('\u00a0', ' ')),
  );
}
