import assert from 'node:assert/strict';
import type { QueuedPlace } from '../../../src/runtime/store/runTable.ts';
import { LaneWalk, WaitingRuns } from '../../../src/runtime/wakeups/waitingRuns.ts';
import { Chance } from '../../support/chance.ts';
import { drawSeeds, withSeed } from '../../support/testSize.ts';

const agents = ['a', 'b', 'c', 'd', 'e'] as const;

function makeRun(id: string, part: Partial<QueuedPlace> = {}): QueuedPlace {
  return { id, agent: 'a', issueId: null, priority: 2, place: Number(id), heldFor: null, isForced: false, ...part };
}

function drawRun(chance: Chance, id: string): QueuedPlace {
  const issueId = chance.is(0.3) ? chance.pick('i1', 'i2') : null;
  const place = { priority: chance.between(0, 3), place: chance.random() };
  return makeRun(id, { agent: chance.pick(...agents), issueId, ...place });
}

/** All that waits, by sorting. */
function sorted(model: ReadonlyMap<string, QueuedPlace>): string[] {
  const runs = [...model.values()].sort((a, b) => a.priority - b.priority || a.place - b.place);
  return runs.map(({ id }) => id);
}

/** Adds, moves and removes by chance; answers the same as a plain map. */
function shuffle(waiting: WaitingRuns, chance: Chance): Map<string, QueuedPlace> {
  const model = new Map<string, QueuedPlace>();
  for (let step = 0; step < 300; step += 1) {
    const id = String(chance.between(0, 80));
    if (chance.is(0.3)) {
      waiting.remove(id);
      model.delete(id);
    } else {
      const run = drawRun(chance, id);
      waiting.put(run);
      model.set(id, run);
    }
  }
  return model;
}

describe('WaitingRuns', () => {
  it('walks all runs in their order, whatever came, moved and went before', async () => {
    for (const seed of drawSeeds(40)) {
      await withSeed(seed, () => {
        const waiting = new WaitingRuns();
        const model = shuffle(waiting, new Chance(seed));
        const walked: string[] = [];
        const walk = new LaneWalk(waiting.lanes());
        for (let next = walk.next(); next; next = walk.next()) {
          walked.push(next.run.id);
          walk.goOn(next.lane, next.run);
        }
        assert.deepEqual(walked, sorted(model));
        assert.equal(waiting.size, model.size);
        assert.equal(waiting.first?.id, sorted(model)[0]);
        return Promise.resolve();
      });
    }
  });

  it('passes over the rest of a lane that is not gone on with, and over nothing else', async () => {
    for (const seed of drawSeeds(40)) {
      await withSeed(seed, () => {
        const chance = new Chance(seed);
        const waiting = new WaitingRuns();
        const model = shuffle(waiting, chance);
        const left = new Set<string>();
        const walk = new LaneWalk(waiting.lanes());
        const order = sorted(model);
        let at = 0;
        const nextOpen = (): string | undefined => {
          while (left.has(model.get(order[at] ?? '')?.agent ?? '')) at += 1;
          return order[at++];
        };
        for (let next = walk.next(); next; next = walk.next()) {
          assert.equal(next.run.id, nextOpen());
          if (chance.is(0.2)) left.add(next.lane.agent);
          else walk.goOn(next.lane, next.run);
        }
        assert.equal(nextOpen(), undefined);
        return Promise.resolve();
      });
    }
  });

  it('keeps as fresh what came, what moved and what its issue concerns, until it was told', () => {
    const waiting = new WaitingRuns();
    for (const id of ['1', '2', '3']) waiting.put(makeRun(id, { issueId: id === '2' ? 'i' : null }));
    const fresh = () => [...(waiting.lane('a')?.fresh ?? [])].map(({ id }) => id);
    assert.deepEqual(fresh(), ['1', '2', '3']);
    waiting.noteTold('a', { told: 'turn', isJudged: false });
    assert.deepEqual([fresh(), waiting.lane('a')?.told, waiting.lane('a')?.unjudged.size], [[], 'turn', 3]);
    waiting.noteTold('a', { told: 'turn', isJudged: true });
    assert.equal(waiting.lane('a')?.unjudged.size, 0);
    waiting.noteIssue('i');
    waiting.put(makeRun('3', { place: 0 }));
    assert.deepEqual(fresh(), ['2', '3']);
    waiting.remove('2');
    waiting.noteIssue('i');
    assert.deepEqual(fresh(), ['3']);
  });
});
