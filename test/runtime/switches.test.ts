import assert from 'node:assert/strict';
import { wakeSources, type WakeSource } from '../../src/runtime/model.ts';
import { WakeDesk } from '../../src/runtime/wakeups/wakeDesk.ts';
import { ManualClock } from '../support/manualClock.ts';
import { TestRuntime } from '../support/openTestRuntime.ts';
import { makePolicy } from '../support/policies.ts';
import { poll } from '../support/poll.ts';
import { TestDispatch } from '../support/testDispatch.ts';
import { makeRequest, WakeFixture } from '../support/wakeFixture.ts';

const minute = 60_000;

/** An agent for each switch, which is off for it alone; each has a schedule. */
const switches: Readonly<Record<string, WakeSource | null>> = {
  enabled: 'timer',
  wakeOnAssignment: 'assignment',
  wakeOnOnDemand: 'on_demand',
  wakeOnAutomation: 'automation',
  none: null,
};
const program = `adapter: process, command: sh, args: [-c, cat], shareCwd: true`;
const configuration = `agents:\n${Object.keys(switches)
  .map(
    (name) => `  ${name}: { ${program}, heartbeat: { intervalSec: 60${name === 'none' ? '' : `, ${name}: false`} } }\n`,
  )
  .join('')}`;

const allowedFor = (source: WakeSource): string[] => Object.keys(switches).filter((name) => switches[name] !== source);

describe('The switches of an agent', function () {
  this.timeout(60_000);

  /** The agents that have had a run of this source. */
  const woken = ({ state }: TestRuntime, source: WakeSource): string[] =>
    Object.keys(switches).filter((agent) =>
      [...state.runs.values()].some(
        (run) => run.agent === agent && run.source === source && run.status === 'succeeded',
      ),
    );
  const untilWoken = (runtime: TestRuntime, source: WakeSource): Promise<void> =>
    poll(() => woken(runtime, source).length >= 4, `four agents were woken by ${source}`);
  const refusals = async ({ connection }: TestRuntime, agent: string): Promise<unknown[]> => {
    const { entries } = await connection.request('agent.explain', { agent, limit: 50 });
    return entries.flatMap((one) => (one.kind === 'wakeup' && one.status === 'refused' ? [one.statusReason] : []));
  };

  it('each keep away what they name and nothing else: wakes by hand', async () => {
    await using runtime = await TestRuntime.open({ configuration });
    for (const agent of Object.keys(switches)) {
      const { status, message } = await runtime.connection.request('agent.wake', { agent, text: 'x' });
      assert.equal(status === 'refused', agent === 'wakeOnOnDemand', `${agent}: ${message}`);
    }
    await untilWoken(runtime, 'on_demand');

    assert.deepEqual(woken(runtime, 'on_demand'), allowedFor('on_demand'));
    assert.deepEqual(await refusals(runtime, 'wakeOnOnDemand'), ['source_disabled']);
  });

  it('each keep away what they name and nothing else: assignments', async () => {
    await using runtime = await TestRuntime.open({ configuration });
    for (const assignee of Object.keys(switches)) {
      await runtime.connection.request('issue.create', { title: 'Mend it', assignee });
    }
    await untilWoken(runtime, 'assignment');

    assert.deepEqual(woken(runtime, 'assignment'), allowedFor('assignment'));
    assert.deepEqual(await refusals(runtime, 'wakeOnAssignment'), ['source_disabled']);
  });

  it('each keep away what they name and nothing else: schedules', async () => {
    const clock = new ManualClock();
    await using runtime = await TestRuntime.open({ configuration, clock });
    await runtime.until(({ agents }) => (agents.get('none')?.nextHeartbeatAt ?? 0) > clock.now());
    for (let passed = 0; passed < 4; passed += 1) clock.tick(minute / 2);
    await untilWoken(runtime, 'timer');

    assert.deepEqual(woken(runtime, 'timer'), allowedFor('timer'));
    assert.equal(runtime.state.agents.get('enabled')?.nextHeartbeatAt, null);
  });

  it('with an interval of 0 plan nothing, and leave the other wakes alone', async () => {
    const clock = new ManualClock();
    const off = `agents: { off: { ${program}, heartbeat: { intervalSec: 0 } } }\n`;
    await using runtime = await TestRuntime.open({ configuration: off, clock });
    for (let passed = 0; passed < 240; passed += 1) clock.tick(minute / 2);
    const runId = await runtime.wake('off', { text: 'x' });
    await runtime.settled(runId);

    assert.equal(runtime.state.agents.get('off')?.nextHeartbeatAt, null);
    assert.deepEqual([...runtime.state.runs.keys()], [runId]);
  });
});

describe('The desk', () => {
  const policies = [
    ['timer', { enabled: false }],
    ['assignment', { wakeOnAssignment: false }],
    ['on_demand', { wakeOnOnDemand: false }],
    ['automation', { wakeOnAutomation: false }],
  ] as const;
  for (const [switchedOff, policy] of policies) {
    it(`refuses ${switchedOff} alone where ${JSON.stringify(policy)} stands`, async () => {
      await using fixture = await WakeFixture.open({ heartbeat: makePolicy(policy) });
      const { store, state, queue, audit } = fixture;
      const { dispatcher } = new TestDispatch(fixture);
      const facts = () => ({ isStopped: false, isDraining: false, isTrusted: true });
      const desk = new WakeDesk({ store, state, queue, dispatcher, facts, audit });

      const outcomes = [];
      for (const source of wakeSources) {
        const { status } = await desk.wake(makeRequest({ source, taskKey: source }), 'runtime');
        outcomes.push([source, status === 'refused']);
      }

      assert.deepEqual(
        outcomes,
        wakeSources.map((source) => [source, source === switchedOff]),
      );
    });
  }
});
