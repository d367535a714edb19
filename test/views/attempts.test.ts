import assert from 'node:assert/strict';
import { formatAhead, formatWait, untranslated } from '../../src/format.ts';
import type { Agent, Run } from '../../src/runtime/model.ts';
import { Attention } from '../../src/views/attention.ts';
import { agentRows } from '../../src/views/agentsModel.ts';
import { runRow } from '../../src/views/runRow.ts';
import { sampleAgent, sampleRun } from '../support/sampleState.ts';
import { viewedFolder } from './viewedFolder.ts';

const noon = new Date(2026, 0, 2, 12, 0).getTime();

describe('what another attempt waits for', () => {
  it('is told with the time, and the date if that is another day', () => {
    const wait = (part: { heldFor: string | null; notBefore?: number | null; attempt?: number }, retries?: number) =>
      formatWait({ notBefore: noon + 180_000, attempt: 2, ...part }, retries, noon, untranslated);
    const at = formatAhead(noon + 180_000, noon);
    assert.match(at, /03/);
    assert.equal(wait({ heldFor: 'retry' }, 2), `attempt 2 of 3, tries again at ${at}`);
    assert.equal(wait({ heldFor: 'retry' }), `attempt 2, tries again at ${at}`);
    assert.equal(wait({ heldFor: 'retry', attempt: 4 }, 1), `attempt 4, tries again at ${at}`);
    assert.equal(wait({ heldFor: 'rate_limit', attempt: 1 }, 2), `limit reached, tries again at ${at}`);
    assert.equal(wait({ heldFor: 'paused' }, 2), null);
    assert.equal(wait({ heldFor: 'retry', notBefore: null }, 2), null);
    assert.notEqual(formatAhead(noon + 86_400_000, noon), formatAhead(noon, noon));
  });
});

describe('what deserves a message of what repeats itself', () => {
  const kinds = (attention: Attention, ...state: Parameters<typeof viewedFolder>) =>
    attention.next([viewedFolder(...state)], true).map(({ kind }) => kind);

  it('is an agent that stopped itself, once, until it did it again; also for a window that comes later', () => {
    const attention = new Attention();
    const tripped = sampleAgent('a', { isTripped: true, status: 'paused', statusReason: 'why' });
    assert.deepEqual(kinds(attention, { agents: [tripped] }), ['tripped']);
    assert.deepEqual(kinds(attention, { agents: [tripped] }), []);
    assert.deepEqual(kinds(attention, { agents: [sampleAgent('a')] }), []);
    assert.deepEqual(kinds(attention, { agents: [tripped] }), ['tripped']);
  });

  it('is a cancelled run behind which messages wait, once', () => {
    const attention = new Attention();
    const run = sampleRun(1, { status: 'queued', heldFor: 'confirmation' });
    assert.deepEqual(kinds(attention, { runs: [run] }), ['confirm']);
    assert.deepEqual(kinds(attention, { runs: [run] }), []);
  });

  it('is no failed attempt after which another one is to come, but the last one', () => {
    const attention = new Attention();
    attention.next([viewedFolder()], true);
    const first = sampleRun(1, { status: 'failed', startedAt: 1, finishedAt: 2, exitCode: 75 });
    const second = sampleRun(2, { status: 'queued', chainId: first.id, attempt: 2 });
    assert.deepEqual(kinds(attention, { runs: [first, second] }), []);
    const failed = { ...second, status: 'failed', startedAt: 3, finishedAt: 4 } as const;
    assert.deepEqual(kinds(attention, { runs: [first, failed] }), ['failedRun']);
  });
});

describe('rows about attempts and limits', () => {
  const view = { now: noon, t: untranslated };

  it('say which attempt a run is, and ask about one whose predecessor was cancelled', () => {
    const { state } = viewedFolder({ agents: [sampleAgent('a', { retries: 2 })] });
    assert(state);
    const described = (part: Partial<Run>) => {
      const run = sampleRun(1, { agent: 'a', attempt: 2, notBefore: noon + 180_000, ...part });
      return runRow(run, { folder: '/', under: 'agent', state }, view).description;
    };
    assert.match(described({ status: 'queued', heldFor: 'retry' }), /^queued · attempt 2 of 3, tries again at /);
    assert.match(described({ status: 'running', startedAt: noon }), /^running · attempt 2 of 3 · started/);
    assert.match(described({ status: 'queued', heldFor: 'confirmation' }), /^Continue\?/);
  });

  it('say of an agent that it stopped itself, and until when its provider lets nothing through', () => {
    const described = (part: Partial<Agent>) => {
      const [row] = agentRows([viewedFolder({ agents: [sampleAgent('a', part)] })], view);
      return row?.description ?? '';
    };
    assert.match(described({ isTripped: true, status: 'paused' }), /^stopped itself/);
    assert.match(described({ limitedUntil: noon + 1000 }), /limit reached, tries again at/);
    assert.doesNotMatch(described({ limitedUntil: noon - 1 }), /limit/);
  });
});
