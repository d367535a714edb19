import assert from 'node:assert/strict';
import type { Browser } from 'playwright-core';
import type { DashboardState } from '../../src/dashboardProtocol.ts';
import { launchChromium } from '../support/chromium.ts';
import { sampleAgent, sampleIssue, sampleRun } from '../support/sampleState.ts';
import { viewedFolder } from '../views/viewedFolder.ts';
import {
  buildDashboard,
  openDashboard,
  type BuiltDashboard,
  type DashboardSetting,
  type OpenDashboard,
} from './openDashboard.ts';
import { busyFolder, stateOf } from './sampleDashboard.ts';
import type { ThemeName } from './themes.ts';

describe('the dashboard', function () {
  this.timeout(60_000);
  let browser: Browser;
  let built: BuiltDashboard;
  let dashboard: OpenDashboard;

  before(async () => {
    built = buildDashboard();
    browser = await launchChromium();
  });
  after(() => browser.close());
  afterEach(async () => {
    assert.deepEqual(dashboard.violations, []);
    assert.deepEqual(dashboard.errors, []);
    await dashboard.page.close();
  });

  async function show(state: DashboardState, setting?: DashboardSetting): Promise<OpenDashboard> {
    dashboard = await openDashboard(browser, built, setting);
    await dashboard.send(state);
    await dashboard.page.waitForSelector('h1');
    return dashboard;
  }
  const busy = (): DashboardState => stateOf([busyFolder(Date.now())]);

  it('says that it is ready before anything else, and shows nothing before it knows something', async () => {
    dashboard = await openDashboard(browser, built);
    assert.deepEqual(dashboard.sent, [{ kind: 'ready' }]);
    assert.equal(await dashboard.page.locator('main').innerText(), '');
  });

  it('shows agents, runs, issues and what waits for review', async () => {
    const { page } = await show(busy());
    assert.deepEqual(await page.locator('h1, h2').allInnerTexts(), [
      'workshop',
      'Running and queued',
      'Agents',
      'Open issues',
      'Recent runs',
    ]);
    assert.deepEqual(await page.locator('.card-name').allInnerTexts(), [
      'surveyor',
      'checker',
      'librarian',
      'gardener',
    ]);
    assert.match(await page.locator('.banner').innerText(), /1 agent definition waits for your review/);
    assert.match(await page.locator('#active').innerText(), /waits for another run in the same directory/);
    assert.match(await page.locator('#issues').innerText(), /#3 Parser loses the last line/);
    assert.match(await page.locator('table').innerText(), /timed out[^]*SIGTERM/);
    const cost = page.locator('table td').getByText('≈ $0.012', { exact: true });
    assert.equal(await cost.getAttribute('title'), 'm: 1.2 k in, 80 out; 2 turns · ≈ $0.012 by list price');
  });

  it('says on the card what an agent did today, and nothing where it did nothing', async () => {
    const { page } = await show(busy());
    const cards = await page.locator('.card .facts').allInnerTexts();
    assert.match(cards[0] ?? '', /Runs today\s+4 \(1 failed\), 12 min, ≈ \$0\.32/);
    for (const card of cards.slice(1)) assert.doesNotMatch(card, /today/);
    assert.match(await page.locator('.page-header').innerText(), /Runs today: 4 \(1 failed\), 12 min, ≈ \$0\.32/);
  });

  it('counts the time of a live run', async () => {
    const { page } = await show(busy());
    const time = page.locator('#active .time').first();
    const before = await time.innerText();
    await page.waitForFunction((text) => document.querySelector('#active .time')?.textContent !== text, before);
    assert.match(await time.innerText(), /^1:\d\d$/);
  });

  it('sends what each button means', async () => {
    const { page, sent } = await show(busy());
    const press = (name: string) => page.getByRole('button', { name, exact: true }).click();
    await press('Wake checker');
    await press('Pause checker');
    await press('Resume librarian');
    await press('Review gardener');
    await press('Cancel run 8 of surveyor');
    await press('Stop Everything: cancel all runs and hold all wakes');
    await press('New Issue…');
    await page.locator('.card-name', { hasText: 'checker' }).click();
    await page.locator('tbody .link').first().click();
    const folder = '/srv/workshop';
    assert.deepEqual(sent.slice(1), [
      { kind: 'command', action: 'wake', subject: { folder, agent: 'checker' } },
      { kind: 'command', action: 'pause', subject: { folder, agent: 'checker' } },
      { kind: 'command', action: 'resume', subject: { folder, agent: 'librarian' } },
      { kind: 'command', action: 'review', subject: { folder, agent: 'gardener' } },
      { kind: 'command', action: 'cancel', subject: { folder, runId: 'run-8' } },
      { kind: 'command', action: 'stop' },
      { kind: 'command', action: 'newIssue' },
      { kind: 'command', action: 'transcript', subject: { folder, agent: 'checker' } },
      { kind: 'command', action: 'log', subject: { folder, runId: 'run-6' } },
    ]);
  });

  it('can be used with the keyboard alone, and a new state leaves the focus where it is', async () => {
    const { page, sent, send } = await show(busy());
    const focusedName = () => page.evaluate(() => document.activeElement?.getAttribute('aria-label') ?? '');
    for (let presses = 0; presses < 30 && (await focusedName()) !== 'Wake checker'; presses += 1)
      await page.keyboard.press('Tab');
    assert.equal(await focusedName(), 'Wake checker');
    await page.keyboard.press('Enter');
    assert.deepEqual(sent.at(-1), {
      kind: 'command',
      action: 'wake',
      subject: { folder: '/srv/workshop', agent: 'checker' },
    });
    const state = busy();
    await send({ ...state, agents: state.agents.map((agent) => ({ ...agent, role: 'Something new' })) });
    await page.getByText('Something new').first().waitFor();
    assert.equal(await focusedName(), 'Wake checker');
  });

  it('cuts a long list until all of it is asked for, and keeps the focus on the switch', async () => {
    const state = busy();
    const [card] = state.agents;
    assert.ok(card);
    const agents = Array.from({ length: 40 }, (_, index) => ({
      ...card,
      key: `agent${String(index)}`,
      tone: 'neutral' as const,
    }));
    const { page, send } = await show({ ...state, agents: [...agents, { ...card, key: 'broken', tone: 'bad' }] });
    const names = () => page.locator('.card-name').allInnerTexts();
    assert.equal((await names()).length, 12);
    assert.equal((await names())[0], 'broken');
    await page.getByRole('button', { name: 'Show all 41' }).focus();
    await page.keyboard.press('Enter');
    assert.equal((await names()).length, 41);
    assert.equal((await names())[0], 'agent0');
    assert.equal(await page.evaluate(() => document.activeElement?.textContent), 'Show fewer');
    await send({ ...state, agents: agents.slice(0, 30) });
    await page.waitForFunction(() => document.querySelectorAll('.card').length === 30);
  });

  it('leaves alone what did not change', async () => {
    const state = busy();
    const { page, send } = await show(state);
    await page.evaluate(() => document.querySelector('.card')?.setAttribute('data-mark', 'kept'));
    await send({ ...state, title: 'renamed', issues: [] });
    await page.getByText('renamed').waitFor();
    assert.equal(await page.locator('[data-mark=kept]').count(), 1);
  });

  it('shows hostile texts as text', async () => {
    const evil = '<img src=x onerror="document.title=\'owned\'"><script>document.title="owned"</script>&amp;${1}';
    const folder = viewedFolder({
      name: evil,
      agents: [sampleAgent(evil, { role: evil, statusReason: evil, consent: 'pending' })],
      runs: [
        sampleRun(1, { agent: evil, reason: evil, status: 'running', startedAt: Date.now() }),
        sampleRun(2, { agent: evil, reason: evil, message: evil, status: 'failed', startedAt: 1, finishedAt: 2 }),
      ],
      issues: [sampleIssue(1, { title: evil, assignee: evil })],
      pending: [{ agent: evil, hash: 'h', before: null, after: evil, summary: evil }],
    });
    const { page } = await show(stateOf([folder]));
    assert.equal(await page.locator('main img, main script').count(), 0);
    assert.notEqual(await page.title(), 'owned');
    assert.equal(await page.locator('.card-name').innerText(), evil);
  });

  it('ignores messages that are not a state', async () => {
    const { page } = await show(busy());
    await page.evaluate(() => {
      for (const message of [null, 1, 'state', {}, { kind: 'state' }, { kind: 'state', state: { title: 3 } }])
        window.postMessage(message, '*');
    });
    await page.evaluate(() => new Promise((resolve) => setTimeout(resolve)));
    assert.equal(await page.locator('h1').innerText(), 'workshop');
  });

  it('says in an empty folder what to do next', async () => {
    const { page, sent } = await show(stateOf([{ name: 'a', path: '/a', status: { kind: 'unused' }, state: null }]));
    await page.getByText('Create Configuration').click();
    assert.deepEqual(sent.at(-1), { kind: 'command', action: 'createConfiguration' });
    assert.equal(await page.locator('section').count(), 0);
  });

  it('says for each list when it is empty', async () => {
    const { page } = await show(stateOf([viewedFolder()]));
    assert.equal(await page.locator('.empty').count(), 4);
  });

  it('says what is wrong when the connection failed, with a way to try again', async () => {
    const status = { kind: 'failed', message: 'The storage folder cannot be written.', action: 'retry' } as const;
    const { page, sent } = await show(stateOf([{ name: 'a', path: '/a', status, state: null }]));
    assert.match(await page.locator('[role=status]').innerText(), /The storage folder cannot be written/);
    await page.getByText('Connect Again').click();
    assert.deepEqual(sent.at(-1), { kind: 'command', action: 'retry' });
  });

  it('offers release instead of stop while everything is stopped', async () => {
    const { page, sent } = await show(stateOf([viewedFolder({ runtime: { isStopped: true } })]));
    await page.getByText('Release Everything').click();
    assert.deepEqual(sent.at(-1), { kind: 'command', action: 'release' });
    assert.equal(await page.getByText('Stop Everything', { exact: true }).count(), 0);
  });

  it('offers an untrusted window trust, and nothing that would start or accept anything', async () => {
    const { page, sent } = await show(stateOf([busyFolder(Date.now())], false));
    assert.equal(await page.getByRole('button', { name: /^(Wake|Review)/ }).count(), 0);
    assert.ok((await page.getByRole('button', { name: /^Pause/ }).count()) > 0);
    await page.getByText('Manage Trust').click();
    assert.deepEqual(sent.at(-1), { kind: 'command', action: 'manageTrust' });
  });

  it('speaks the display language', async () => {
    const { page } = await show(busy(), { translations: { Agents: 'Agenten "<b>', 'Wake {0}': '{0} wecken' } });
    assert.equal(await page.locator('#agents h2').innerText(), 'Agenten "<b>');
    assert.equal(await page.getByRole('button', { name: 'checker wecken' }).count(), 1);
  });

  for (const theme of ['dark', 'light', 'high-contrast'] satisfies ThemeName[]) {
    for (const width of [320, 1000]) {
      it(`fits ${String(width)} pixels in the ${theme} theme`, async () => {
        const { page } = await show(busy(), { theme, width });
        const overflow = await page.evaluate(
          () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
        );
        assert.equal(overflow, 0);
      });
    }
  }

  it('names every control for a screen reader', async () => {
    const { page } = await show(busy());
    const nameless = await page.evaluate(
      () =>
        [...document.querySelectorAll('button, vscode-button')].filter(
          (control) => (control.getAttribute('aria-label') ?? control.textContent).trim() === '',
        ).length,
    );
    assert.equal(nameless, 0);
  });
});
