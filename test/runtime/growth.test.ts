import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { FolderState } from '../../src/connection/folderState.ts';
import { boundSnapshot } from '../../src/runtime/boundedSnapshot.ts';
import { hostDay } from '../../src/runtime/localDays.ts';
import type { Session } from '../../src/runtime/model.ts';
import { ManualClock } from '../support/manualClock.ts';
import { TestRuntime } from '../support/openTestRuntime.ts';
import { poll } from '../support/poll.ts';
import { sampleRun, sampleSnapshot } from '../support/sampleState.ts';

const megabyte = 1024 * 1024;
const day = 24 * 60 * 60 * 1000;

const talker = `
agents:
  talker:
    adapter: process
    command: node
    args: [-e, 'process.stdout.write("x".repeat(3 * 1024 * 1024))']
  fails: { adapter: process, command: sh, args: [-c, 'exit 3'] }
`;

describe('Growth', function () {
  this.timeout(60_000);

  it('caps the log of a run by what a trusted window set, also after a restart', async () => {
    await using runtime = await TestRuntime.open({ configuration: talker });
    const lengths: number[] = [];
    const run = async (): Promise<string> => {
      const { id, logBytes } = await runtime.settled(await runtime.wake('talker', { text: 'go' }));
      lengths.push(logBytes);
      return id;
    };
    const cli = runtime.connect({ kind: 'cli', isTrusted: false, retention: { logMegabytesPerRun: 1 } });
    await cli.request('runtime.status', {});
    await run();
    const window = runtime.connect({ kind: 'window', isTrusted: true, retention: { logMegabytesPerRun: 1 } });
    await window.request('runtime.status', {});
    const capped = await run();
    window.dispose();
    cli.dispose();
    await runtime.restart();
    await run();

    assert.equal(lengths[0], 3 * megabyte);
    assert.ok(
      lengths.slice(1).every((length) => length > megabyte && length < 1.1 * megabyte),
      String(lengths),
    );
    const { text } = await runtime.connection.request('log.read', { runId: capped, offset: megabyte, maxBytes: 4096 });
    assert.match(text, /^\n\[Reveille left out \d+ bytes here: the log reached its limit\]\n/);
  });

  it('tells what runs took, today with the agent and by any group on request, unknown costs as unknown', async () => {
    await using runtime = await TestRuntime.open({ configuration: talker });
    await runtime.settled(await runtime.wake('talker', { text: 'go' }));
    await runtime.settled(await runtime.wake('fails', { text: 'go' }));
    await runtime.settled(await runtime.wake('fails', { text: 'again' }));

    const { today } = runtime.state.agents.get('fails') ?? {};
    const unknown = { costMicros: null, listedMicros: 0, runsWithoutCost: 2 };
    assert.deepEqual({ ...today, runMs: 0 }, { ...hostDay(Date.now()), runs: 2, failedRuns: 2, runMs: 0, ...unknown });
    const now = Date.now();
    const ask = (groupBy: 'agent' | 'model' | 'issue' | 'day', timeZone?: string) =>
      runtime.connection.request('usage.query', {
        from: now - 2 * day,
        to: now + day,
        groupBy,
        ...(timeZone !== undefined && { timeZone }),
      });
    const { groups } = await ask('agent');
    assert.deepEqual(
      groups.map(({ key, runs, failedRuns, costMicros, tokens }) => ({ key, runs, failedRuns, costMicros, tokens })),
      [
        { key: 'fails', runs: 2, failedRuns: 2, costMicros: null, tokens: null },
        { key: 'talker', runs: 1, failedRuns: 0, costMicros: null, tokens: null },
      ],
    );
    assert.ok((groups[1]?.runMs ?? 0) > 0);
    // The quarter-hour that goes on is counted whole.
    const soFar = await runtime.connection.request('usage.query', { from: now - 60_000, to: now, groupBy: 'model' });
    assert.deepEqual([soFar.groups[0]?.key, soFar.groups[0]?.runs, soFar.to >= now], ['', 3, true]);
    const days = await ask('day', 'Asia/Kathmandu');
    const date = new Intl.DateTimeFormat('en-CA', { timeZone: 'Asia/Kathmandu', dateStyle: 'short' }).format(now);
    assert.deepEqual([days.groups.at(-1)?.key, days.groups.reduce((sum, { runs }) => sum + runs, 0)], [date, 3]);
    assert.deepEqual(
      (await ask('issue')).groups.map(({ key, runs }) => [key, runs]),
      [['', 3]],
    );
    await assert.rejects(ask('day', 'Europe/Nowhere'), /"Europe\/Nowhere" is no time zone/);
    await assert.rejects(
      runtime.connection.request('usage.query', { from: now, to: now - 1, groupBy: 'agent' }),
      /ends after it begins/,
    );
  });

  it('forgets what is older than its limits while it runs: rows, logs, and what windows show', async () => {
    const clock = new ManualClock(Date.now());
    await using runtime = await TestRuntime.open({ configuration: talker, clock });
    const [old, last] = [
      await runtime.settled(await runtime.wake('fails', { taskKey: '1', text: 'go' })),
      await runtime.settled(await runtime.wake('fails', { taskKey: '2', text: 'go' })),
    ];
    const logs = (): string[] => readdirSync(join(runtime.storePath, 'logs'));
    assert.equal(logs().filter((name) => name.endsWith('.log')).length, 2);

    clock.jump(91 * day);
    clock.tick(5 * 60_000);
    await runtime.until((state) => !state.runs.has(old.id) && state.runs.get(last.id)?.logRemoval?.limit === 30);

    await poll(() => logs().length === 0, 'the logs are removed');
    await assert.rejects(runtime.connection.request('run.get', { runId: old.id }), /not in the history any more/);
    await runtime.restart();
    assert.deepEqual([...runtime.state.runs.keys()], [last.id]);
    // Of both runtimes only the pass of the live one is planned.
    assert.deepEqual(
      clock.pendingDelays.filter((delay) => delay === 5 * 60_000 || delay === 10 * 60_000),
      [5 * 60_000],
    );
  });

  it('counts scheduled heartbeats that came to nothing and tells windows', async () => {
    const configuration = `${talker}  timed: { adapter: process, command: 'true', heartbeat: { enabled: true, intervalSec: 30 } }\n`;
    const clock = new ManualClock(Date.now());
    await using runtime = await TestRuntime.open({ configuration, clock });
    await runtime.connection.request('agent.pause', { agent: 'timed' });
    const ofTimed = (state: FolderState) => state.agents.get('timed')?.skips.counts ?? [];

    clock.tick(90_000);
    await runtime.until((state) => (ofTimed(state)[0]?.skips ?? 0) >= 1);
    await runtime.restart();

    const [count, ...others] = ofTimed(runtime.state);
    assert.deepEqual([count?.reason, others], ['paused', []]);
    assert.ok((count?.skips ?? 0) <= 3);
    const { runs } = await runtime.connection.request('run.list', { agent: 'timed', limit: 10 });
    assert.deepEqual(runs, []);
  });

  it('lists sessions by page', async () => {
    await using runtime = await TestRuntime.open({ configuration: talker });
    for (const taskKey of ['1', '2', '3']) await runtime.settled(await runtime.wake('fails', { taskKey, text: 'go' }));
    await runtime.settled(await runtime.wake('talker', { text: 'go' }));
    const keys: string[] = [];
    let before: Session | undefined;
    for (let hasMore = true; hasMore;) {
      const page = await runtime.connection.request('session.list', { limit: 2, before });
      assert.equal(page.total, 4);
      keys.push(...page.sessions.map(({ agent, taskKey }) => `${agent} ${taskKey}`));
      before = page.sessions.at(-1);
      hasMore = page.hasMore;
    }

    assert.deepEqual(keys, ['talker unscoped', 'fails 3', 'fails 2', 'fails 1']);
    const ofOne = { agent: 'fails', limit: 2 };
    const first = await runtime.connection.request('session.list', ofOne);
    const second = await runtime.connection.request('session.list', { ...ofOne, before: first.sessions[1] });
    assert.deepEqual(
      [...first.sessions, ...second.sessions].map(({ taskKey }) => taskKey),
      ['3', '2', '1'],
    );
    assert.deepEqual([first.hasMore, second.hasMore, first.total], [true, false, 3]);
  });

  it('fits any number of queued runs into a snapshot: those that start last are left out', () => {
    const runs = Array.from({ length: 1000 }, (_, index) => sampleRun(index + 1, { reason: 'x'.repeat(500) }));
    const settled = sampleRun(5000, { status: 'succeeded', finishedAt: 1 });
    const running = sampleRun(6000, { status: 'running', startedAt: 1 });

    const bounded = boundSnapshot(sampleSnapshot({ runs: [running, ...runs, settled] }), 200_000);

    assert.ok(JSON.stringify(bounded).length <= 200_000);
    assert.deepEqual(
      bounded.runs.map(({ number }) => number),
      [6000, ...Array.from({ length: bounded.runs.length - 1 }, (_, index) => index + 1)],
    );
    assert.ok(bounded.runs.length > 100);
  });
});
