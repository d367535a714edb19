import assert from 'node:assert/strict';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { untranslated } from '../../src/format.ts';
import type { Activity } from '../../src/runtime/activityModel.ts';
import type { HeartbeatRun } from '../../src/runtime/model.ts';
import { readHeartbeatText } from '../../src/views/documents/reportText.ts';
import { ManualClock } from '../support/manualClock.ts';
import { TestRuntime } from '../support/openTestRuntime.ts';
import { poll } from '../support/poll.ts';

const minute = 60_000;
const hour = 60 * minute;
/** A minute before a quarter past eleven in the evening. */
const evening = Date.UTC(2026, 5, 1, 23, 14);
const program = `adapter: process, command: sh, args: [-c, 'cat; exit 0'], shareCwd: true, timeoutSec: 0`;

const named = `
agents:
  ceo: { ${program} }
  engineer: { ${program} }
  sleeper: { ${program}, heartbeat: { quietHours: '22:00-07:00', timezone: UTC } }
heartbeats:
  review: { schedule: '15 * * * *', timezone: UTC, agents: [ceo, engineer, sleeper], goal: Review pending issues }
`;

/** The agents work until a file appears. */
const gated = named.replaceAll("'cat; exit 0'", "'until test -e go; do sleep 0.02; done; cat'");

async function latest(runtime: TestRuntime): Promise<HeartbeatRun | undefined> {
  return (await runtime.connection.request('heartbeat.list', { limit: 5 })).heartbeats[0];
}

async function entries(runtime: TestRuntime, runId?: string): Promise<Activity[]> {
  const page = await runtime.connection.request('activity.list', { limit: 200, ...(runId !== undefined && { runId }) });
  return page.entries.toReversed();
}

function outcomes(heartbeat: HeartbeatRun | undefined): unknown[] {
  return (heartbeat?.parts ?? []).map(({ agent, outcome }) => [agent, outcome]);
}

async function completed(runtime: TestRuntime): Promise<HeartbeatRun> {
  await poll(
    async () => (await latest(runtime))?.completedAt !== null && (await latest(runtime)) !== undefined,
    'it is completed',
  );
  const heartbeat = await latest(runtime);
  assert.ok(heartbeat);
  return heartbeat;
}

describe('Heartbeats', function () {
  this.timeout(60_000);

  it('records the life of a named heartbeat step by step, and tells its goal to each agent', async () => {
    const clock = new ManualClock(evening);
    await using runtime = await TestRuntime.open({ configuration: named, clock });
    await runtime.until((state) => (state.agents.get('ceo')?.nextHeartbeatAt ?? 0) >= evening + minute);
    clock.tick(2 * minute);

    const heartbeat = await completed(runtime);
    assert.equal(heartbeat.name, 'review');
    assert.deepEqual(outcomes(heartbeat), [
      ['ceo', 'succeeded'],
      ['engineer', 'succeeded'],
      ['sleeper', 'quiet_hours'],
    ]);
    const steps = await entries(runtime, heartbeat.id);
    assert.deepEqual(
      steps.map(({ action, agent, result }) => [action.replace('heartbeat.', ''), agent, result]).slice(0, 5),
      [
        ['triggered', null, 'done'],
        ['agentsSelected', null, 'done'],
        ['evaluated', 'ceo', 'accepted'],
        ['evaluated', 'engineer', 'accepted'],
        ['evaluated', 'sleeper', 'quiet_hours'],
      ],
    );
    assert.deepEqual(
      steps
        .map(({ action }) => action)
        .slice(5)
        .sort(),
      ['heartbeat.completed', 'heartbeat.executed', 'heartbeat.executed', 'heartbeat.logged', 'heartbeat.logged'],
    );
    const { action, details, result } = steps.at(-1) ?? {};
    assert.deepEqual(
      [action, result, details?.['started'], details?.['skipped']],
      ['heartbeat.completed', 'succeeded', 2, 1],
    );
    const text = await readHeartbeatText(runtime.connection, heartbeat.id, untranslated);
    assert.match(text, /^Heartbeat review\n\n.*1\. Triggered.*\n.*2\. Agents selected: ceo, engineer, sleeper\n/);
    assert.match(text, /3\. sleeper evaluated: quiet hours\n(.*4\. .*\n|.*5\. .*\n){4}.*6\. Completed .*2 of 2 runs/);
    const log = await runtime.readLog(heartbeat.parts[0]?.runId ?? '');
    assert.match(log, /heartbeat:review\. Scheduled for 2026-06-01T23:15:\d\d/);
    assert.match(log, /## Messages\n\nReview pending issues\n/);
    assert.deepEqual(runtime.state.agents.get('sleeper')?.skips.counts, [{ reason: 'quiet_hours', skips: 1 }]);
  });

  it('takes the next tick for a repetition while an agent is still at the last one', async () => {
    const clock = new ManualClock(evening);
    await using runtime = await TestRuntime.open({ configuration: gated, clock, slots: 1 });
    await runtime.until((state) => (state.agents.get('ceo')?.nextHeartbeatAt ?? 0) >= evening + minute);
    clock.tick(2 * minute);
    await runtime.until((state) => [...state.runs.values()].some(({ status }) => status === 'running'));
    clock.tick(hour);
    await poll(async () => (await latest(runtime))?.number === 2, 'it was triggered again');
    // One works, the other waits for the only slot; neither gets a second one.
    assert.deepEqual(outcomes(await latest(runtime)), [
      ['ceo', 'coalesced'],
      ['engineer', 'coalesced'],
      ['sleeper', 'quiet_hours'],
    ]);
    assert.equal(runtime.state.runs.size, 2);
    writeFileSync(join(runtime.folder.path, 'go'), '');
    await runtime.until((state) => [...state.runs.values()].every(({ status }) => status === 'succeeded'));
  });

  it('completes a named heartbeat in whose middle the runtime was restarted, and keeps its next time', async () => {
    const clock = new ManualClock(evening);
    await using runtime = await TestRuntime.open({ configuration: gated, clock, slots: 1 });
    await runtime.until((state) => (state.agents.get('ceo')?.nextHeartbeatAt ?? 0) >= evening + minute);
    clock.tick(2 * minute);
    await runtime.until((state) => [...state.runs.values()].some(({ status }) => status === 'running'));
    const planned = runtime.state.agents.get('ceo')?.nextHeartbeatAt;
    // What ends a run waits by the clock.
    const passing = setInterval(() => {
      clock.tick(100);
    }, 5);
    await runtime.restart().finally(() => {
      clearInterval(passing);
    });
    await runtime.until((state) => state.agents.get('ceo')?.nextHeartbeatAt === planned);
    writeFileSync(join(runtime.folder.path, 'go'), '');

    const heartbeat = await completed(runtime);
    assert.deepEqual(outcomes(heartbeat).slice(1), [
      ['engineer', 'succeeded'],
      ['sleeper', 'quiet_hours'],
    ]);
    assert.equal(heartbeat.parts[0]?.outcome, 'cancelled');
    const actions = (await entries(runtime, heartbeat.id)).map(({ action }) => action);
    assert.equal(actions.filter((action) => action === 'heartbeat.completed').length, 1);
  });

  it('holds a new or denser named heartbeat until it is accepted; the one in force goes on', async () => {
    const clock = new ManualClock(evening);
    await using runtime = await TestRuntime.open({ configuration: named, clock });
    await runtime.until((state) => (state.agents.get('ceo')?.nextHeartbeatAt ?? 0) >= evening + minute);
    const planned = runtime.state.agents.get('ceo')?.nextHeartbeatAt;

    runtime.writeConfiguration(named.replace("'15 * * * *'", "'* * * * *'"));
    const { pending } = await runtime.connection.request('configuration.reload', {});
    assert.deepEqual(
      pending.map(({ agent }) => agent),
      ['ceo', 'engineer', 'sleeper'],
    );
    assert.match(pending[0]?.summary ?? '', /in the heartbeat review `\* \* \* \* \*` \(UTC\)/);
    assert.equal(runtime.state.agents.get('ceo')?.nextHeartbeatAt, planned);

    runtime.writeConfiguration(named.replace('agents: [ceo, engineer, sleeper]', 'agents: [engineer]'));
    assert.deepEqual((await runtime.connection.request('configuration.reload', {})).pending, []);
    await runtime.until((state) => state.agents.get('ceo')?.nextHeartbeatAt === null);
    assert.equal(runtime.state.agents.get('engineer')?.nextHeartbeatAt, planned);
  });

  it('starts nothing while there is nothing to do, says once which setting did it, and counts', async () => {
    const clock = new ManualClock(evening);
    const configuration = `
agents:
  idler: { ${program.replace('cat;', 'touch started; cat;')}, heartbeat: { intervalSec: 30, skipWhenIdle: true } }
`;
    await using runtime = await TestRuntime.open({ configuration, clock });
    await runtime.until((state) => (state.agents.get('idler')?.nextHeartbeatAt ?? null) !== null);
    clock.tick(30_000 * 4 + 3000);
    await runtime.until((state) => state.agents.get('idler')?.skips.counts[0]?.skips === 4);

    assert.deepEqual(runtime.state.agents.get('idler')?.skips.counts, [{ reason: 'nothing_to_do', skips: 4 }]);
    assert.equal(runtime.state.runs.size, 0);
    assert.equal(existsSync(join(runtime.folder.path, 'started')), false);
    const said = (await entries(runtime)).filter(({ action }) => action === 'heartbeat.skipped');
    assert.deepEqual(
      said.map(({ agent, result, details }) => [agent, result, details]),
      [['idler', 'nothing_to_do', { setting: 'skipWhenIdle: true' }]],
    );

    await runtime.connection.request('agent.pause', { agent: 'idler' });
    await runtime.connection.request('issue.create', { title: 'Do it', assignee: 'idler' });
    await runtime.connection.request('agent.resume', { agent: 'idler' });
    await runtime.until((state) => [...state.runs.values()].some(({ status }) => status === 'succeeded'));
  });

  it('records a jump of the clock, and gives a receipt for what it makes up for', async () => {
    const clock = new ManualClock(evening);
    await using runtime = await TestRuntime.open({ configuration: named, clock });
    await runtime.until((state) => (state.agents.get('ceo')?.nextHeartbeatAt ?? 0) >= evening + minute);
    clock.jump(2.8 * hour);
    clock.tick(2 * minute);

    const heartbeat = await completed(runtime);
    const log = await runtime.readLog(heartbeat.parts[0]?.runId ?? '');
    assert.match(log, /Catching up: 3 missed, from 2026-06-01T23:15:\d\d\.\d+Z to 2026-06-02T01:15:\d\d/);
    const all = await entries(runtime);
    const gap = all.find(({ action }) => action === 'clock.jumped');
    assert.equal(gap?.details['gapMs'], 2.8 * hour);
    const receipt = all.find(({ action }) => action === 'heartbeat.caughtUp');
    assert.deepEqual([receipt?.target, receipt?.details['missed']], ['heartbeat:review', 3]);
  });

  it('says of a schedule that was to be made up for when it was too late for that', async () => {
    const clock = new ManualClock(evening);
    const weekly = named.replace("'15 * * * *'", "'15 23 * * 1'");
    await using runtime = await TestRuntime.open({ configuration: weekly, clock });
    await runtime.until((state) => (state.agents.get('ceo')?.nextHeartbeatAt ?? 0) >= evening + minute);
    clock.jump(48 * hour);
    clock.tick(2 * minute);

    const isMissed = ({ action }: Activity): boolean => action === 'heartbeat.missed';
    await poll(async () => (await entries(runtime)).some(isMissed), 'it is said');
    const entry = (await entries(runtime)).find(isMissed);
    assert.deepEqual([entry?.target, entry?.result, entry?.details['missed']], ['heartbeat:review', 'too_late', 1]);
    await runtime.until((state) => state.agents.get('ceo')?.skips.counts[0]?.reason === 'missed');
    assert.equal(await latest(runtime), undefined);
  });
});

describe('A named heartbeat whose agent goes away', function () {
  this.timeout(60_000);

  /** One agent works, the other one waits for the only slot. */
  async function open(): Promise<{ runtime: TestRuntime; waiting: string; clock: ManualClock }> {
    const clock = new ManualClock(evening);
    const runtime = await TestRuntime.open({ configuration: gated, clock, slots: 1 });
    await runtime.until((state) => (state.agents.get('ceo')?.nextHeartbeatAt ?? 0) >= evening + minute);
    clock.tick(2 * minute);
    await runtime.until((state) => [...state.runs.values()].some(({ status }) => status === 'running'));
    const waiting = [...runtime.state.runs.values()].find(({ status }) => status === 'queued')?.agent;
    assert.ok(waiting === 'ceo' || waiting === 'engineer');
    return { runtime, waiting, clock };
  }

  /** The outcome of the part of the agent that waited, once the whole heartbeat is completed. */
  async function outcomeOf(runtime: TestRuntime, agent: string): Promise<string | null | undefined> {
    await poll(
      async () => (await latest(runtime))?.parts.find((part) => part.agent === agent)?.outcome !== null,
      'its part has ended',
    );
    writeFileSync(join(runtime.folder.path, 'go'), '');
    return (await completed(runtime)).parts.find((part) => part.agent === agent)?.outcome;
  }

  it('goes on without an agent that was deleted', async () => {
    const { runtime, waiting } = await open();
    await using _ = runtime;
    await runtime.connection.request('agent.delete', { agent: waiting, evenIfConfigured: true });
    assert.equal(await outcomeOf(runtime, waiting), 'agent_removed');
    const { id = '' } = (await latest(runtime)) ?? {};
    const step = (await entries(runtime, id)).find(({ result }) => result === 'agent_removed');
    assert.deepEqual([step?.action, step?.agent], ['heartbeat.logged', waiting]);
  });

  it('goes on without an agent that was taken out of the configuration, though no slot is free', async () => {
    const { runtime, waiting } = await open();
    await using _ = runtime;
    const line = gated.split('\n').find((one) => one.startsWith(`  ${waiting}:`)) ?? '';
    runtime.writeConfiguration(
      gated
        .replace(`${line}\n`, '')
        .replace(/agents: \[ceo, engineer, sleeper\]/, `agents: [${waiting === 'ceo' ? 'engineer' : 'ceo'}, sleeper]`),
    );
    await runtime.connection.request('configuration.reload', {});
    assert.equal(await outcomeOf(runtime, waiting), 'agent_removed');
  });

  it('lets an agent finish that is at it when it is taken out of the configuration', async () => {
    const { runtime, waiting } = await open();
    await using _ = runtime;
    const working = waiting === 'ceo' ? 'engineer' : 'ceo';
    runtime.writeConfiguration('agents: {}\n');
    await runtime.connection.request('configuration.reload', {});
    assert.equal(await outcomeOf(runtime, waiting), 'agent_removed');
    const parts = (await completed(runtime)).parts;
    assert.equal(parts.find(({ agent }) => agent === working)?.outcome, 'succeeded');
  });

  it('is completed by the next runtime if its agent is missing from the state', async () => {
    const { runtime, waiting, clock } = await open();
    await using _ = runtime;
    const passing = setInterval(() => {
      clock.tick(100);
    }, 5);
    await runtime
      .restart({
        meanwhile: (writer) => {
          writer.run('DELETE FROM run WHERE agent = ?', [waiting]);
          writer.run('DELETE FROM wakeup WHERE agent = ?', [waiting]);
          writer.run('DELETE FROM agent WHERE key = ?', [waiting]);
        },
      })
      .finally(() => {
        clearInterval(passing);
      });
    assert.equal(await outcomeOf(runtime, waiting), 'agent_removed');
  });
});
