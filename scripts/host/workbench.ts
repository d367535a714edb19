import type { Page } from 'playwright-core';

/** Waits until the workbench of a window can be used: its status bar stands and the remote is connected. */
export async function waitForWorkbench(page: Page): Promise<void> {
  await page.locator('.monaco-workbench .part.statusbar').waitFor({ timeout: 30_000 });
  await page.locator('.monaco-workbench .part.sidebar .composite').first().waitFor({ timeout: 30_000 });
}

/** How often the palette is opened anew, each time for two seconds. */
const paletteAttempts = 15;

/** Opens the palette and runs the command with exactly this title, as a person does. */
export async function runCommand(page: Page, title: string): Promise<void> {
  const input = page.locator('.quick-input-widget input[type="text"]');
  const row = page.locator('.quick-input-list .monaco-list-row').getByText(title, { exact: true }).first();
  for (let attempt = 1; ; attempt++) {
    await page.keyboard.press('F1');
    await input.waitFor();
    await input.fill(`>${title}`);
    // It lists what can be run at the moment it opens; a command may become one of them just after.
    const isListed = await row.waitFor({ timeout: 2000 }).then(
      () => true,
      () => false,
    );
    if (isListed || attempt === paletteAttempts) break;
    await page.keyboard.press('Escape');
  }
  await row.click();
}

/** Chooses the entry of the open quick pick that begins with this label. */
export async function pick(page: Page, label: string): Promise<void> {
  await page.locator('.quick-input-list .monaco-list-row').getByText(label).first().click();
}

/** Opens a view container from the activity bar, unless it is open. */
export async function openView(page: Page, title: string): Promise<void> {
  const tab = page.locator('.activitybar').getByRole('tab', { name: title });
  await tab.waitFor({ timeout: 30_000 });
  if ((await tab.getAttribute('aria-selected')) !== 'true') await tab.click();
}
