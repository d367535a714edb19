import assert from 'node:assert/strict';
import type { Run } from '../../src/runtime/model.ts';
import type { CliStage, EndedRun } from '../support/cliStage.ts';

/** The attempt that follows a run; undefined if there is none. */
export function nextAttemptOf({ window }: CliStage, { run }: EndedRun): Run | undefined {
  return [...window.state.runs.values()].find(({ chainId }) => chainId === run.id);
}

/**
 * A run found a limit exhausted: it is to be tried again when that is over, and no other run of its provider starts before.
 * Answers until when, in epoch ms.
 */
export async function assertHeld(stage: CliStage, ended: EndedRun, agent: string): Promise<number> {
  assert.deepEqual([ended.run.status, ended.run.errorCode], ['failed', 'rate_limited']);
  const other = await stage.wake(agent, [], { taskKey: 'another' });
  await stage.window.until(({ state }) => state?.runs.get(other.id)?.heldFor === 'rate_limit');
  const again = nextAttemptOf(stage, ended);
  assert.deepEqual([again?.status, again?.attempt], ['queued', 1]);
  return again?.notBefore ?? 0;
}
