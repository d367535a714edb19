import assert from 'node:assert/strict';
import { listActiveRuns, listRunningRuns } from '../../../src/runtime/store/runTable.ts';
import type { EngineWorld } from './engineWorld.ts';

const terminal = new Set(['completed', 'failed', 'cancelled', 'coalesced', 'refused']);

/** What holds after every command. */
export async function assertAlways(world: EngineWorld): Promise<void> {
  const { witness, store, executions } = world;
  assert.deepEqual(witness.faults, []);
  assert.deepEqual(
    listRunningRuns(store)
      .map(({ id }) => id)
      .sort(),
    [...executions.keys()].sort(),
    'the runs that the state knows are those that go on',
  );
  for (const [id, status] of wakeups(world)) {
    const before = world.ended.get(id);
    if (before !== undefined) assert.equal(status, before, `wake ${id} ended twice`);
    else if (terminal.has(status)) world.ended.set(id, status);
  }
  await assertProgress(world);
}

/** The chain goes on: what nothing keeps from starting has started. */
async function assertProgress(world: EngineWorld): Promise<void> {
  const before = world.executions.size;
  await world.pass();
  assert.equal(world.executions.size, before, 'a pass that nothing asked for started something');
  const { executions, store, facts } = world;
  if (executions.size > 0 || facts.isStopped || facts.isDraining || !facts.isTrusted || world.isConsentSlow) return;
  const free = listActiveRuns(store).filter(
    ({ agent, issueId, notBefore, heldFor }) =>
      world.isOpen(agent, issueId) &&
      (notBefore ?? 0) <= world.clock.now() &&
      !world.isLimited(agent) &&
      heldFor !== 'confirmation',
  );
  assert.deepEqual(
    free.map(({ id, heldFor }) => [id, heldFor]),
    [],
    'nothing runs, and this could',
  );
}

/** What holds once every obstacle is gone and nothing is left to do. */
export function assertAtRest(world: EngineWorld): void {
  const { witness, store } = world;
  assert.deepEqual(listActiveRuns(store), [], 'something waits for ever');
  const delivered = new Set([...witness.prompts.values()].flat());
  const statuses = new Map(wakeups(world));
  for (const [id, { isTimer }] of witness.taken) {
    const status = statuses.get(id);
    assert.ok(status !== undefined && terminal.has(status), `wake ${id} is ${String(status)} at the end`);
    if (isTimer || witness.excused.has(id)) continue;
    assert.ok(delivered.has(id), `wake ${id} is ${status} and was in no prompt`);
    assert.notEqual(status, 'cancelled', `wake ${id} was given up by nobody`);
  }
}

function wakeups({ store }: EngineWorld): [id: string, status: string][] {
  return store.all('SELECT id, status FROM wakeup ORDER BY number').map(([id, status]) => [String(id), String(status)]);
}
