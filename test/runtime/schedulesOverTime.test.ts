import assert from 'node:assert/strict';
import type { HeartbeatRun } from '../../src/runtime/model.ts';
import { ManualClock } from '../support/manualClock.ts';
import { TestRuntime } from '../support/openTestRuntime.ts';
import { poll } from '../support/poll.ts';

const minute = 60_000;
const hour = 60 * minute;
/** A minute before a quarter past eleven in the evening. */
const evening = Date.UTC(2026, 5, 1, 23, 14);
const program = 'adapter: process, command: sh, args: [-c, cat], shareCwd: true, timeoutSec: 0';
const own = `agents:\n  a: { ${program} }\n  b: { ${program}, heartbeat: { intervalSec: 600, catchUp: once } }\n`;
const named = `agents:\n  a: { ${program} }\nheartbeats:\n  review: { schedule: '15 * * * *', timezone: UTC, agents: [a], goal: Review }\n`;

async function open(configuration: string): Promise<{ runtime: TestRuntime; clock: ManualClock }> {
  const clock = new ManualClock(evening);
  const runtime = await TestRuntime.open({ configuration, clock });
  await runtime.until((state) =>
    [...state.agents.values()].some(({ nextHeartbeatAt }) => (nextHeartbeatAt ?? 0) > evening),
  );
  return { runtime, clock };
}

async function heartbeatsOf(runtime: TestRuntime): Promise<HeartbeatRun[]> {
  return (await runtime.connection.request('heartbeat.list', { limit: 50 })).heartbeats;
}

async function reload(runtime: TestRuntime, configuration: string): Promise<void> {
  runtime.writeConfiguration(configuration);
  const { pending } = await runtime.connection.request('configuration.reload', {});
  assert.deepEqual(pending, []);
}

describe('Schedules over time', function () {
  this.timeout(60_000);

  it('make up for what a named heartbeat missed while no runtime lived', async () => {
    const { runtime, clock } = await open(named);
    await using _ = runtime;
    await runtime.restart({
      meanwhile: () => {
        clock.jump(2.5 * hour);
      },
    });
    await runtime.until((state) => (state.agents.get('a')?.nextHeartbeatAt ?? 0) > evening);
    clock.tick(2 * minute);
    await poll(async () => (await heartbeatsOf(runtime)).length === 1, 'it was made up for');
    const { entries } = await runtime.connection.request('activity.list', { limit: 50 });
    const receipts = entries.filter(({ action }) => action === 'heartbeat.caughtUp');
    assert.deepEqual(
      receipts.map(({ target, details }) => [target, details['missed']]),
      [['heartbeat:review', 3]],
    );
  });

  it('make up for nothing that fell due while the heartbeat was not in the configuration', async () => {
    const { runtime, clock } = await open(named);
    await using _ = runtime;
    await reload(runtime, `agents:\n  a: { ${program} }\n`);
    await runtime.until((state) => state.agents.get('a')?.nextHeartbeatAt === null);
    clock.tick(3 * hour);
    await reload(runtime, named);
    await runtime.until((state) => (state.agents.get('a')?.nextHeartbeatAt ?? 0) > clock.now());
    clock.tick(2 * minute);
    await poll(async () => (await heartbeatsOf(runtime)).length === 1, 'the next one fell due');
    const [heartbeat] = await heartbeatsOf(runtime);
    assert.ok((heartbeat?.plannedAt ?? 0) > evening + 3 * hour);
    const { entries } = await runtime.connection.request('activity.list', { limit: 200 });
    assert.ok(!entries.some(({ action, target }) => action === 'heartbeat.caughtUp' && target === 'heartbeat:review'));
  });

  it('do nothing any more for an agent that was taken out of the configuration, not even count', async () => {
    const { runtime, clock } = await open(own);
    await using _ = runtime;
    await reload(runtime, `agents:\n  a: { ${program} }\n`);
    await runtime.until((state) => state.agents.get('b')?.status === 'absent');
    clock.tick(hour);
    await runtime.connection.request('agent.pause', { agent: 'a' });
    await runtime.until((state) => state.agents.get('a')?.status === 'paused');
    assert.deepEqual(runtime.state.agents.get('b')?.skips.counts, []);
  });

  it('count every heartbeat that an interval missed, and make no entry of what is not to be made up for', async () => {
    const { runtime, clock } = await open(own.replace(', catchUp: once', ''));
    await using _ = runtime;
    clock.jump(45 * minute);
    clock.tick(minute);
    await runtime.until((state) => (state.agents.get('b')?.skips.counts.length ?? 0) > 0);
    assert.deepEqual(runtime.state.agents.get('b')?.skips.counts, [{ reason: 'missed', skips: 4 }]);
    const { entries } = await runtime.connection.request('activity.list', { limit: 50 });
    assert.ok(!entries.some(({ action }) => action === 'heartbeat.missed'));
  });
});
