import assert from 'node:assert/strict';
import type { ProcessEntry } from '../../../src/runtime/runs/processEntry.ts';
import { findMembers, toKnownTree } from '../../../src/runtime/runs/treeMembers.ts';

const self = 50;

function entry(pid: number, parent: number, changes: Partial<ProcessEntry> = {}): ProcessEntry {
  const startOrder = changes.startOrder ?? pid;
  return {
    pid,
    parent,
    group: 100,
    startTime: String(startOrder),
    startOrder,
    isZombie: false,
    runId: null,
    ...changes,
  };
}

const outside = [entry(1, 0, { group: 1 }), entry(40, 1, { group: 40 }), entry(self, 40, { group: self })];
const root = { pid: 100, startTime: '100', bootId: 'boot' };
const known = toKnownTree('R', root, true);

function pids(table: readonly ProcessEntry[], tree = known): number[] {
  const { members } = findMembers([...outside, ...table], tree, self);
  return members.map(({ pid }) => pid).sort((a, b) => a - b);
}

describe('the members of a tree', () => {
  it('are the first process, its group and its descendants', () => {
    const table = [entry(100, self), entry(101, 100), entry(102, 1), entry(103, 101, { group: 103 })];
    assert.deepEqual(pids([...table, entry(104, 1, { group: 104 })]), [100, 101, 102, 103]);
  });

  it('are what carries the id of the run, and what that started', () => {
    const table = [entry(200, 1, { group: 200, runId: 'R' }), entry(201, 200, { group: 201 })];
    assert.deepEqual(pids([...table, entry(202, 1, { group: 202, runId: 'other' })]), [200, 201]);
  });

  it('are found in the group of a first process that has ended', () => {
    assert.deepEqual(pids([entry(101, 1), entry(102, 1, { group: 102 })]), [101]);
  });

  it('are not what has the id of a member but another start time, nor what belongs to that', () => {
    const reused = [entry(100, 1, { startOrder: 500 }), entry(501, 100), entry(502, 1)];
    assert.deepEqual(pids(reused), []);
  });

  it('are not what is older than the process that it would belong to', () => {
    assert.deepEqual(pids([entry(101, 1, { startOrder: 99 })]), []);
    assert.deepEqual(pids([entry(101, 100, { startOrder: 99, group: 0 })]), []);
    assert.deepEqual(pids([entry(100, self), entry(101, 100, { startOrder: 99, group: 0 })]), [100]);
  });

  it('are never this process, what is above it, or a zombie', () => {
    const above = outside.map((one) => ({ ...one, runId: 'R', startOrder: 500 }));
    const { members } = findMembers([...above, entry(100, self, { isZombie: true })], known, self);
    assert.deepEqual(members, []);
  });

  it('stay members after what connected them is gone', () => {
    const seen = findMembers(
      [...outside, entry(100, self), entry(101, 100, { group: 101 }), entry(102, 101, { group: 102 })],
      known,
      self,
    );
    assert.deepEqual(pids([entry(102, 1, { group: 102 })], seen.known), [102]);
    assert.deepEqual(pids([entry(103, 1, { group: 101 })], seen.known), [103]);
  });

  it('are found through a zombie that leads their group', () => {
    assert.deepEqual(pids([entry(100, self, { isZombie: true }), entry(101, 1)]), [101]);
  });

  it('do not include a group without its leader when nobody watched meanwhile', () => {
    const lost = toKnownTree('R', root, false);
    assert.deepEqual(pids([entry(101, 1), entry(102, 1, { runId: 'R', group: 102 })], lost), [102]);
  });

  it('are remembered only while something lives that needs it', () => {
    const children = Array.from({ length: 50 }, (_, index) => entry(101 + index, 100));
    const crowd = findMembers([...outside, entry(100, self), ...children], known, self);
    assert.equal(crowd.known.seen.size, 51);
    const quiet = findMembers([...outside, entry(100, self)], crowd.known, self);
    assert.deepEqual([...quiet.known.seen.keys()], [100]);
  });
});
