import assert from 'node:assert/strict';
import { gated, letGo } from '../support/gatedAgent.ts';
import { TestRuntime } from '../support/openTestRuntime.ts';

describe('Why', function () {
  this.timeout(60_000);

  it('answers for now, and tells what led to it page by page', async () => {
    await using runtime = await TestRuntime.open({ configuration: gated });
    const now = await runtime.wake('gated', { taskKey: 'now' });
    await runtime.until((state) => state.runs.get(now)?.status === 'running');
    const next = await runtime.wake('gated', { taskKey: 'a' });
    const { connection } = runtime;
    const explain = () => connection.request('agent.explain', { agent: 'gated', limit: 200 });
    const nowOf = async () => (await explain()).now;
    assert.deepEqual((await nowOf()).kind, 'running');
    letGo(runtime, 'now');
    letGo(runtime, 'a');
    await runtime.settled(now);
    await runtime.settled(next);
    assert.deepEqual(await nowOf(), { kind: 'asked', sources: ['assignment', 'on_demand', 'automation'] });
    await connection.request('agent.pause', { agent: 'gated', reason: 'too dear' });
    assert.deepEqual(await nowOf(), { kind: 'held', reason: 'paused', note: 'too dear', waiting: 0 });

    const { entries } = await explain();
    const told = entries.map((entry) =>
      entry.kind === 'change' ? entry.action : entry.kind === 'wakeup' ? `wakeup ${entry.status}` : entry.kind,
    );
    assert.equal(told[0], 'agent.paused');
    for (const kind of ['run', 'wakeup completed', 'configuration.accepted', 'runtime.started'])
      assert.ok(told.includes(kind), kind);
    assert.ok(!told.some((action) => action.startsWith('run.') || action === 'wake.requested'));
    const paged: unknown[] = [];
    for (let before = undefined as Awaited<ReturnType<typeof explain>>['next'] | undefined; before !== null;) {
      const page: Awaited<ReturnType<typeof explain>> = await connection.request('agent.explain', {
        agent: 'gated',
        limit: 2,
        ...(before && { before }),
      });
      paged.push(...page.entries);
      before = page.next;
    }
    assert.deepEqual(paged, entries);
  });

  it('says of an unknown agent that there is none', async () => {
    await using runtime = await TestRuntime.open({ configuration: gated });
    await assert.rejects(runtime.connection.request('agent.explain', { agent: 'x', limit: 5 }), /no agent "x"/);
  });
});

describe('The simulation', function () {
  this.timeout(60_000);

  it('tells what the accepted schedules would start, and what is unknown of it', async () => {
    const configuration = `
agents:
  often: { adapter: process, command: sh, args: [-c, 'cat'], heartbeat: { intervalSec: 30 } }
  daily: { adapter: process, command: sh, args: [-c, 'cat'], heartbeat: { cron: '0 9 * * *', timezone: Europe/Paris } }
  never: { adapter: process, command: sh, args: [-c, 'cat'] }
`;
    await using runtime = await TestRuntime.open({ configuration });
    await runtime.connection.request('agent.pause', { agent: 'daily' });
    await runtime.settled(await runtime.wake('often'));

    const found = await runtime.connection.request('schedule.simulate', { timeZone: 'Europe/Paris' });

    assert.deepEqual(
      found.schedules.map(({ agent, obstacle }) => [agent, obstacle]),
      [
        ['often', null],
        ['daily', 'paused'],
      ],
    );
    const [often] = found.schedules;
    assert.ok(often);
    assert.ok(Math.abs(often.starts - 20_160) <= 10, String(often.starts));
    assert.equal(often.isEstimated, true);
    assert.ok((often.runMs ?? -1) >= 0);
    assert.equal(often.costMicros, null);
    assert.equal(
      found.days.reduce((sum, { starts }) => sum + starts, 0),
      often.starts,
    );
    assert.ok(found.days.every(({ withoutTime, withoutCost, starts }) => withoutTime === 0 && withoutCost === starts));
    await assert.rejects(runtime.connection.request('schedule.simulate', { timeZone: 'Mars/Base' }), /no time zone/);
  });
});
