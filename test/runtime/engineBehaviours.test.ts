import assert from 'node:assert/strict';
import type { Run } from '../../src/runtime/model.ts';
import { letGo } from '../support/gatedAgent.ts';
import { ManualClock } from '../support/manualClock.ts';
import { TestRuntime } from '../support/openTestRuntime.ts';
import { poll } from '../support/poll.ts';

const minute = 60_000;
const hour = 60 * minute;
const common = `adapter: process, command: sh, shareCwd: true, timeoutSec: 0`;
const quick = `${common}, args: [-c, cat]`;
const untilLetGo = `${common}, args: [-c, 'while [ ! -e "go-$REVEILLE_TASK_KEY" ]; do sleep 0.02; done; cat']`;

function runsOf({ state }: TestRuntime, agent: string): Run[] {
  return [...state.runs.values()].filter((run) => run.agent === agent).sort((one, other) => one.number - other.number);
}

/** How the runs of an agent ended; one may be under way, as time goes on for all. */
function endsOf(runtime: TestRuntime, agent: string): Set<string> {
  const ended = runsOf(runtime, agent).filter(({ finishedAt }) => finishedAt !== null);
  return new Set(ended.map(({ status }) => status));
}

const endedOf = (runtime: TestRuntime, agent: string): number =>
  runsOf(runtime, agent).filter(({ finishedAt }) => finishedAt !== null).length;

/** Lets time pass until so many runs of an agent have ended, half a minute at a time. */
async function beat(runtime: TestRuntime, clock: ManualClock, agent: string, runs: number): Promise<void> {
  await poll(
    () => {
      if (runsOf(runtime, agent).every(({ finishedAt }) => finishedAt !== null)) clock.tick(minute / 2);
      return endedOf(runtime, agent) >= runs;
    },
    `${agent} has beaten ${String(runs)} times`,
  );
}

const isPlanned = (runtime: TestRuntime, clock: ManualClock, agent: string): Promise<void> =>
  runtime.until(({ agents }) => (agents.get(agent)?.nextHeartbeatAt ?? 0) > clock.now());

describe('The engine', function () {
  this.timeout(60_000);

  it('goes on beating after a restart, with at most one late beat', async () => {
    const clock = new ManualClock();
    const configuration = `agents: { a: { ${quick}, heartbeat: { cron: '* * * * *', timezone: UTC } } }\n`;
    await using runtime = await TestRuntime.open({ configuration, clock });
    await isPlanned(runtime, clock, 'a');
    await beat(runtime, clock, 'a', 2);
    const before = runsOf(runtime, 'a').length;
    clock.jump(10 * hour);

    await runtime.restart();
    await beat(runtime, clock, 'a', before + 3);

    const late = runsOf(runtime, 'a').filter(({ reason }) => reason.includes('missed'));
    assert.equal(late.length, 1);
    assert.deepEqual(new Set(runsOf(runtime, 'a').map(({ source }) => source)), new Set(['timer']));
  });

  it('goes on beating though each run fails or cannot even be started, and others beat beside it', async () => {
    const clock = new ManualClock();
    const every = 'heartbeat: { intervalSec: 60 }';
    const configuration = `
agents:
  failing: { ${common}, args: [-c, 'exit 1'], ${every} }
  missing: { adapter: process, command: no-such-program-anywhere, shareCwd: true, ${every} }
  sound: { ${quick}, ${every} }
`;
    await using runtime = await TestRuntime.open({ configuration, clock });
    await isPlanned(runtime, clock, 'sound');
    for (const agent of ['failing', 'missing', 'sound']) await beat(runtime, clock, agent, 3);

    for (const [agent, status] of [
      ['failing', 'failed'],
      ['missing', 'failed'],
      ['sound', 'succeeded'],
    ] as const) {
      assert.deepEqual(endsOf(runtime, agent), new Set([status]), agent);
    }
  });

  it('keeps the time of a long interval whatever runs in between', async () => {
    const clock = new ManualClock();
    const configuration = `agents: { a: { ${quick}, heartbeat: { intervalSec: 86400 } } }\n`;
    await using runtime = await TestRuntime.open({ configuration, clock });
    await isPlanned(runtime, clock, 'a');
    const planned = runtime.state.agents.get('a')?.nextHeartbeatAt ?? 0;
    for (let passed = 0; passed < 3; passed += 1) {
      for (let step = 0; step < 12; step += 1) clock.tick(minute / 2);
      await runtime.settled(await runtime.wake('a', { text: 'x' }));
    }
    assert.equal(runtime.state.agents.get('a')?.nextHeartbeatAt, planned);
    while (clock.now() < planned + minute) clock.tick(minute / 2);

    await poll(() => runsOf(runtime, 'a').some(({ source }) => source === 'timer'), 'its heartbeat comes');
    assert.equal(runsOf(runtime, 'a').length, 4);
  });

  it('stacks nothing where the interval is shorter than the run', async () => {
    const clock = new ManualClock();
    const configuration = `agents: { a: { ${untilLetGo}, heartbeat: { intervalSec: 60, maxConcurrentRuns: 4 } } }\n`;
    await using runtime = await TestRuntime.open({ configuration, clock });
    await isPlanned(runtime, clock, 'a');
    for (let step = 0; step < 6; step += 1) clock.tick(minute / 2);
    await runtime.until(({ runs }) => [...runs.values()].some(({ status }) => status === 'running'));
    for (let step = 0; step < 40; step += 1) clock.tick(minute / 2);
    letGo(runtime, 'schedule:a');
    await poll(() => endedOf(runtime, 'a') === 1, 'the run ends');
    await runtime.connection.request('configuration.reload', {});

    assert.equal(runsOf(runtime, 'a').length, 1);
    const skipped =
      runtime.state.agents.get('a')?.skips.counts.find(({ reason }) => reason === 'coalesced')?.skips ?? 0;
    assert.ok(skipped >= 19, String(skipped));
  });

  it('lets a herd that falls due at once through its slots one after the other, all of it', async () => {
    const clock = new ManualClock();
    const keys = Array.from({ length: 12 }, (_, index) => `a${String(index)}`);
    const agents = keys.map((key) => `  ${key}: { ${quick} }\n`).join('');
    const herd = `{ schedule: '15 * * * *', timezone: UTC, agents: [${keys.join(', ')}], goal: Meet }`;
    const configuration = `agents:\n${agents}heartbeats: { herd: ${herd} }\n`;
    await using runtime = await TestRuntime.open({ configuration, clock, slots: 2 });
    await isPlanned(runtime, clock, 'a0');
    let most = 0;
    const watch = runtime.connection.onDidChange(() => {
      const running = [...runtime.state.runs.values()].filter(({ status }) => status === 'running').length;
      most = Math.max(most, running);
    });
    for (let step = 0; step < 32; step += 1) clock.tick(minute / 2);
    await poll(() => keys.every((key) => endedOf(runtime, key) === 1), 'all have run');
    watch.dispose();

    assert.equal(most, 2);
    assert.ok([...runtime.state.runs.values()].every(({ status }) => status === 'succeeded'));
  });

  it('starts nothing for an issue that was done while the wake for it waited', async () => {
    const configuration = `agents: { a: { ${untilLetGo}, heartbeat: { maxConcurrentRuns: 4 } } }\n`;
    await using runtime = await TestRuntime.open({ configuration, slots: 1 });
    const { connection } = runtime;
    const now = await runtime.wake('a', { taskKey: 'now' });
    await runtime.until(({ runs }) => runs.get(now)?.status === 'running');
    const { issue, wake } = await connection.request('issue.create', { title: 'x', assignee: 'a' });
    await connection.request('issue.setStatus', { issueId: issue.id, status: 'done' });
    letGo(runtime, 'now');

    const ended = await runtime.settled(wake?.runId ?? '');
    assert.deepEqual([ended.status, ended.startedAt], ['cancelled', null]);
    assert.match(ended.message ?? '', /the issue is closed/);
  });
});
