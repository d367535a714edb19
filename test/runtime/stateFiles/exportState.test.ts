import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { writeExport, type ExportSource } from '../../../src/runtime/stateFiles/exportState.ts';
import { insertIssue } from '../../../src/runtime/store/issueTable.ts';
import { insertQueuedRun, nextRunNumber } from '../../../src/runtime/store/runTable.ts';
import { countSkip } from '../../../src/runtime/store/skipTable.ts';
import { appendActivity } from '../../../src/runtime/store/activityTable.ts';
import { TestRuntime } from '../../support/openTestRuntime.ts';
import { sampleIssue } from '../../support/sampleState.ts';
import { makeTemporaryFolder } from '../../support/temporaryFolder.ts';
import { WakeFixture } from '../../support/wakeFixture.ts';

/** What a value is, as far as a reader of the format may rely on it: names and kinds; every object of a map or list alike. */
type Shape = string | { readonly [name: string]: Shape } | readonly Shape[];

/** Names below which any key may stand. */
const maps = new Set(['agents', 'heartbeats']);

function shapeOf(value: unknown, name = ''): Shape {
  if (Array.isArray(value)) return value.length === 0 ? [] : [shapeOf(value[0])];
  if (typeof value !== 'object' || value === null) return typeof value === 'object' ? 'null' : typeof value;
  const entries = Object.entries(value).map(([key, inner]) => [key, shapeOf(inner, key)] as const);
  if (maps.has(name)) return { '*': entries[0]?.[1] ?? 'nothing' };
  return Object.fromEntries(entries);
}

/** The two agree in every name and its place; a value may be null in one of them. */
function assertAlike(found: Shape, documented: Shape, place = 'state'): void {
  if (found === 'null' || documented === 'null') return;
  if (typeof found === 'string' || typeof documented === 'string') {
    assert.equal(found, documented, place);
    return;
  }
  assert.deepEqual(Object.keys(found), Object.keys(documented), place);
  const inner = documented as Readonly<Record<string, Shape>>;
  for (const [name, shape] of Object.entries(found)) assertAlike(shape, inner[name] ?? 'nothing', `${place}.${name}`);
}

function documentedState(): unknown {
  const text = readFileSync(join(import.meta.dirname, '../../../docs/state-export.md'), 'utf8');
  return JSON.parse(/```json\n([\s\S]*?)```/.exec(text)?.[1] ?? '');
}

interface Exported {
  readonly [list: string]: readonly { readonly number: number }[];
}

describe('An exported state', function () {
  this.timeout(60_000);

  it('has the documented shape', async () => {
    await using runtime = await TestRuntime.open({
      configuration: `
org: { name: My AI Company }
agents:
  echo:
    { adapter: process, role: Repeats, command: sh, args: [-c, cat], shareCwd: true, heartbeat: { intervalSec: 86400, enabled: true } }
`,
    });
    const location = {
      path: 'a.js',
      startLine: 1,
      startCharacter: 0,
      endLine: 2,
      endCharacter: 0,
      text: 'quoted text',
    };
    const { issue, wake } = await runtime.connection.request('issue.create', {
      title: 'Mend it',
      assignee: 'echo',
      location,
    });
    await runtime.settled(wake?.runId ?? '');
    const { wakes } = await runtime.connection.request('issue.comment', { issueId: issue.id, text: 'Well done' });
    await runtime.settled(wakes[0]?.runId ?? '');
    const path = join(runtime.stateDirectory, '..', 'state.json');

    const { bytes } = await runtime.connection.request('state.export', { path });

    const text = readFileSync(path, 'utf8');
    const state = JSON.parse(text) as Record<string, unknown>;
    const documented = documentedState() as Record<string, unknown>;
    assert.deepEqual(state['skips'], []);
    assertAlike(shapeOf({ ...state, skips: documented['skips'] }), shapeOf(documented));
    assert.deepEqual([state['format'], state['folder']], [1, runtime.folder.path]);
    assert.equal(Buffer.byteLength(text), bytes);
    if (process.platform !== 'win32') assert.equal(statSync(path).mode & 0o777, 0o600);
  });

  it('tells what runs cost and on what that rests, and so does the audit log', async () => {
    const says = (usage: object): string =>
      JSON.stringify(JSON.stringify({ reveille: 'usage', inputTokens: 1000, outputTokens: 10, ...usage }));
    const agent = (script: string): string =>
      `{ adapter: process, protocol: jsonl, command: node, args: [-e, ${JSON.stringify(script)}] }`;
    const [billed, listed, unlisted] = [{ model: 'm', costUsd: 0.25 }, { model: 'gpt-5' }, { model: 'nobody' }].map(
      (usage) => `console.log(${says(usage)});`,
    );
    const scripts = { billed, listed, both: `${billed ?? ''}${listed ?? ''}`, unlisted, silent: '' };
    const agents = Object.entries(scripts).map(([key, script]) => `  ${key}: ${agent(script ?? '')}\n`);
    const missing = '  missing: { adapter: process, command: no-such-program }\n';
    await using runtime = await TestRuntime.open({ configuration: `agents:\n${agents.join('')}${missing}` });
    for (const key of [...Object.keys(scripts), 'missing']) await runtime.settled(await runtime.wake(key));
    const path = join(runtime.stateDirectory, '..', 'state.json');

    await runtime.connection.request('state.export', { path });

    type Costs = { agent: string; costMicros: number | null; costBasis: string; usage: object | null };
    const { runs, events } = JSON.parse(readFileSync(path, 'utf8')) as {
      runs: Costs[];
      events: (Costs & { action: string })[];
    };
    const costs = [
      ['billed', 250_000, 'reported'],
      ['listed', 1350, 'list_price'],
      ['both', 251_350, 'both'],
      ['unlisted', null, 'unknown'],
      ['silent', null, 'unknown'],
      ['missing', 0, 'not_started'],
    ];
    assert.deepEqual(
      runs.reverse().map((run) => [run.agent, run.costMicros, run.costBasis]),
      costs,
    );
    assert.deepEqual(
      runs.map(({ usage }) => usage === null),
      [false, false, false, false, true, false],
    );
    const settled = events.reverse().filter(({ action }) => action === 'run.settled');
    assert.deepEqual(
      settled.map((event) => [event.agent, event.costMicros]),
      costs.map(([key, micros]) => [key, micros]),
    );
    const { entries } = await runtime.connection.request('activity.list', { limit: 200 });
    const bases = entries.filter(({ action }) => action === 'run.settled').map(({ details }) => details['costBasis']);
    assert.deepEqual(bases.reverse(), ['reported', 'list_price', 'both', 'unknown', undefined, 'not_started']);
  });

  it('has nothing in it that a program was told, wrote or was started with', async () => {
    await using runtime = await TestRuntime.open({
      configuration: `
agents:
  echo:
    adapter: process
    command: sh
    args: [-c, 'cat; echo said-$SECRET; exit 3', argument-of-it]
    env: { SECRET: hunter2 }
    shareCwd: true
`,
    });
    const location = {
      path: 'a.js',
      startLine: 1,
      startCharacter: 0,
      endLine: 2,
      endCharacter: 0,
      text: 'quoted text',
    };
    const { issue } = await runtime.connection.request('issue.create', { title: 'Mend it', location });
    await runtime.connection.request('issue.comment', { issueId: issue.id, text: 'commented in confidence' });
    const runId = await runtime.wake('echo', { text: 'told in confidence' });
    assert.equal((await runtime.settled(runId)).status, 'failed');
    const path = join(runtime.stateDirectory, '..', 'state.json');

    await runtime.connection.request('state.export', { path });

    const text = readFileSync(path, 'utf8');
    assert.match(text, new RegExp(runId));
    for (const secret of ['hunter2', 'told in confidence', 'commented in', 'said-', 'argument-of-it', 'quoted text']) {
      assert.equal(text.includes(secret), false, secret);
    }
  });

  it('has everything of a long history once, while that goes on growing', async () => {
    await using fixture = await WakeFixture.open();
    using folder = makeTemporaryFolder();
    mkdirSync(join(folder.path, 'store'));
    const { store, state } = fixture;
    const addRun = (number: number): void => {
      state.commit((transaction) => {
        const cause = { agent: 'a', taskKey: 't', issueId: null, source: 'on_demand', reason: 'r' } as const;
        insertQueuedRun(transaction, {
          id: `R${number}`,
          number: nextRunNumber(transaction),
          ...cause,
          priority: 1,
          queuedAt: 1,
        });
      });
    };
    for (let number = 1; number <= 600; number += 1) {
      addRun(number);
      fixture.ask({ taskKey: `k${number}` });
      state.commit((transaction) => {
        insertIssue(transaction, sampleIssue(number));
        countSkip(transaction, { agent: `a${number}`, reason: 'paused', at: 0 });
        const entry = { at: 1, actor: 'runtime', action: 'x', target: 't', agent: null, runId: null, result: 'done' };
        appendActivity(transaction, { ...entry, costMicros: null, details: '{}', text: null }, null);
      });
    }
    const source: ExportSource = { reader: store, version: '1', folder: '/f', org: null, at: 0 };
    const path = join(folder.path, 'state.json');
    let grown = 0;
    const growing = setInterval(() => {
      grown += 1;
      addRun(10_000 + grown);
    }, 0);

    await writeExport(source, path, join(folder.path, 'store'));

    clearInterval(growing);
    assert.ok(grown > 0, 'nothing else had its turn');
    const exported = JSON.parse(readFileSync(path, 'utf8')) as Exported;
    const numbers = (list: string): number[] => (exported[list] ?? []).map(({ number }) => number);
    const all = Array.from({ length: 600 }, (_value, index) => 600 - index);
    assert.deepEqual(numbers('events'), all);
    assert.deepEqual(numbers('issues'), all);
    assert.deepEqual(numbers('wakeups'), all);
    assert.equal(exported['skips']?.length, 600);
    assert.equal(new Set(numbers('runs')).size, exported['runs']?.length);
    assert.ok((exported['runs']?.length ?? 0) >= 1200);
  });
});
