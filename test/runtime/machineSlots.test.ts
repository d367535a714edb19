import assert from 'node:assert/strict';
import { readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { MachineSlots } from '../../src/runtime/machineSlots.ts';
import { readSetting } from '../../src/runtime/store/settingTable.ts';
import { useTemporaryFolder } from '../support/eachTemporaryFolder.ts';
import { gated, letGo } from '../support/gatedAgent.ts';
import { TestRuntime } from '../support/openTestRuntime.ts';
import { poll } from '../support/poll.ts';
import { TestLogger } from '../support/testLogger.ts';
import { WakeFixture } from '../support/wakeFixture.ts';

describe('The limit of runs on this machine', function () {
  this.timeout(60_000);

  const running = ({ state }: TestRuntime): number =>
    [...state.runs.values()].filter(({ status }) => status === 'running').length;
  const limitTo = ({ connection }: TestRuntime, maxConcurrentRuns: number, isTrusted = true): void => {
    connection.updateSettings({ kind: 'window', isTrusted, maxConcurrentRuns });
  };

  it('is what a trusted window says, at once and after a restart, and nobody else', async () => {
    await using runtime = await TestRuntime.open({ configuration: gated, slots: 9 });
    const slots = join(runtime.stateDirectory, 'slots');
    limitTo(runtime, 1);
    await runtime.connection.request('runtime.status', {});
    const runs = [];
    for (const taskKey of ['a', 'b', 'c']) runs.push(await runtime.wake('gated', { taskKey, text: 'x' }));
    const [first = '', second = '', third = ''] = runs;
    await runtime.until(({ runs: all }) => all.get(third)?.heldFor === 'machine_busy');
    assert.deepEqual([running(runtime), readdirSync(slots).filter((name) => name.startsWith('waits-')).length], [1, 1]);

    const stranger = runtime.connect({ kind: 'window', isTrusted: false, maxConcurrentRuns: 9 });
    await stranger.request('runtime.status', {});
    assert.equal(running(runtime), 1);
    stranger.dispose();
    limitTo(runtime, 2);
    await runtime.until(({ runs: all }) => all.get(second)?.status === 'running');
    assert.equal(running(runtime), 2);

    // The window has no opinion any more.
    runtime.connection.updateSettings({ kind: 'window', isTrusted: true });
    await runtime.restart();
    for (const taskKey of ['a2', 'b2']) await runtime.wake('gated', { taskKey, text: 'x' });
    await poll(() => running(runtime) === 2, 'two run again');
    assert.deepEqual(runtime.state.runs.get(first)?.status, 'cancelled');
    for (const taskKey of ['a', 'b', 'c', 'a2', 'b2']) letGo(runtime, taskKey);
    await runtime.until(({ runs: all }) => [...all.values()].every(({ finishedAt }) => finishedAt !== null));
    assert.deepEqual(readdirSync(slots), []);
  });

  it('is waited for only while something waits: what was discarded leaves no place in line', async () => {
    await using runtime = await TestRuntime.open({ configuration: gated });
    limitTo(runtime, 1);
    const first = await runtime.wake('gated', { taskKey: 'a', text: 'x' });
    const second = await runtime.wake('gated', { taskKey: 'b' });
    const places = (): string[] =>
      readdirSync(join(runtime.stateDirectory, 'slots')).filter((name) => name.startsWith('waits-'));
    await runtime.until(({ runs }) => runs.get(second)?.heldFor === 'machine_busy');
    assert.equal(places().length, 1);

    await runtime.connection.request('queue.discard', { runId: second });

    assert.equal(places().length, 0);
    letGo(runtime, 'a');
    await runtime.settled(first);
  });
});

describe('The share of a runtime in the slots of the machine', () => {
  const folder = useTemporaryFolder();

  function open(fixture: WakeFixture, onDidFree: () => void = () => undefined): MachineSlots {
    const { store, state, clock } = fixture;
    return new MachineSlots({ stateDirectory: folder.path, store, state, clock, logger: new TestLogger(), onDidFree });
  }

  it('is looked at only while something waits, then also without events', async () => {
    await using fixture = await WakeFixture.open();
    let freed = 0;
    const slots = open(fixture, () => (freed += 1));
    const full = Array.from({ length: 8 }, (_, index) => slots.take(`r${String(index)}`));
    assert.deepEqual([full.includes(false), slots.isFull, fixture.clock.pendingTimers], [false, false, 0]);

    assert.equal(slots.take('r8'), false);
    assert.deepEqual([slots.isFull, fixture.clock.pendingDelays], [true, [5000]]);
    fixture.clock.tick(5000);
    assert.equal(freed, 0);
    const [first = ''] = readdirSync(join(folder.path, 'slots'));
    rmSync(join(folder.path, 'slots', first));
    fixture.clock.tick(5000);
    assert.deepEqual([freed, slots.isFull], [1, false]);

    assert.equal(slots.take('r8'), true);
    slots.rest();
    assert.equal(fixture.clock.pendingTimers, 0);
  });

  it('gives slots where none can be noted, and says so', async () => {
    await using fixture = await WakeFixture.open();
    const slots = open(fixture);
    writeFileSync(join(folder.path, 'slots'), 'in the way');

    assert.equal(slots.take('r'), true);

    slots.release('r');
    slots.dispose();
    assert.equal(fixture.clock.pendingTimers, 0);
  });

  it('writes nothing once it is disposed, when the store may be closed', async () => {
    await using fixture = await WakeFixture.open();
    const slots = open(fixture);
    slots.follow({ isTrusted: true, maxConcurrentRuns: 3 });
    slots.dispose();
    slots.follow({ isTrusted: true, maxConcurrentRuns: 4 });

    assert.equal(readSetting(fixture.store, 'maxConcurrentRuns'), '3');
  });
});
