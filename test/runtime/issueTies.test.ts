import assert from 'node:assert/strict';
import { IssueAgents } from '../support/issueAgents.ts';

describe('An issue that waits for others', function () {
  this.timeout(60_000);

  it('is held with all its parts, and goes on when the last one it waits for is closed', async () => {
    await using agents = await IssueAgents.open();
    const { connection, runtime } = agents;
    const one = await agents.issue('One');
    const two = await agents.issue('Two');
    const whole = await agents.issue('Whole', { assignee: 'ann', blockedBy: [one.id, two.id] });
    const part = await agents.issue('Part', { assignee: 'bob', parentId: whole.id });
    assert.deepEqual([whole.blockedBy, part.parentId], [[one.id, two.id], whole.id]);
    await agents.held('ann', 'blocked');
    await agents.held('bob', 'blocked');

    await connection.request('issue.setStatus', { issueId: one.id, status: 'done' });
    await runtime.until(() => agents.find(whole.id)?.blockedBy.length === 1);
    assert.deepEqual([agents.runsOf('ann')[0]?.status, agents.runsOf('bob')[0]?.status], ['queued', 'queued']);
    await connection.request('issue.setStatus', { issueId: two.id, status: 'cancelled' });

    const log = await runtime.readLog((await agents.ended('ann')).id);
    assert.match(
      log,
      /assignment: Assigned issue #3: Whole\n- automation: Not blocked any more \(#2 closed\): issue #3/,
    );
    await agents.ended('bob');
    assert.deepEqual([agents.runsOf('ann').length, agents.runsOf('bob').length], [1, 1]);
  });

  it('wakes its agent when the last tie is taken away, or the mark, and not before', async () => {
    await using agents = await IssueAgents.open();
    const { connection, runtime } = agents;
    const blocker = await agents.issue('Blocker');
    const issue = await agents.issue('Mend it', { assignee: 'ann' });
    await agents.ended('ann');
    await connection.request('issue.block', { issueId: issue.id, by: blocker.id });
    await connection.request('issue.setStatus', { issueId: issue.id, status: 'blocked' });
    await connection.request('issue.comment', { issueId: issue.id, text: 'Wait for me.' });
    await agents.held('ann', 'blocked', 2);

    await connection.request('issue.unblock', { issueId: issue.id, by: blocker.id });
    await connection.request('issue.block', { issueId: issue.id, by: blocker.id });
    await connection.request('issue.setStatus', { issueId: issue.id, status: 'todo' });
    assert.equal(agents.runsOf('ann')[1]?.status, 'queued');
    assert.equal((await agents.wakesOf('ann')).length, 2);
    const freed = await connection.request('issue.unblock', { issueId: issue.id });

    assert.deepEqual([freed.issue.status === 'blocked', freed.issue.blockedBy], [false, []]);
    const log = await runtime.readLog((await agents.ended('ann', 2)).id);
    assert.match(log, /Not blocked any more: issue #2: Mend it[\s\S]*Wait for me\./);
    await assert.rejects(connection.request('issue.unblock', { issueId: issue.id }), /is not blocked itself/);
  });

  it('is nothing to do for its agent, nor is what is a part of it', async () => {
    await using agents = await IssueAgents.open({ configuration: idle });
    const { connection, runtime } = agents;
    const blocker = await agents.issue('Blocker');
    const whole = await agents.issue('Whole', { blockedBy: [blocker.id] });
    await connection.request('agent.pause', { agent: 'ann' });
    await agents.issue('Part', { assignee: 'ann', parentId: whole.id });
    await runtime.until(() => agents.runsOf('ann').length === 1);
    const runId = agents.runsOf('ann')[0]?.id ?? '';
    await connection.request('queue.discard', { runId });
    await connection.request('agent.resume', { agent: 'ann' });
    const willSkip = async (): Promise<unknown> => {
      const { now } = await connection.request('agent.explain', { agent: 'ann', limit: 1 });
      return now.kind === 'scheduled' ? now.willSkip : now;
    };
    assert.equal(await willSkip(), 'nothing_to_do');

    await connection.request('issue.setStatus', { issueId: blocker.id, status: 'done' });

    assert.equal(await willSkip(), null);
  });

  it('waits for no other in a circle, through ties or parts, and the refusal names it', async () => {
    await using agents = await IssueAgents.open();
    const { connection } = agents;
    const a = await agents.issue('a');
    const b = await agents.issue('b', { blockedBy: [a.id] });
    const c = await agents.issue('c', { blockedBy: [b.id] });
    const part = await agents.issue('part', { parentId: a.id });

    const block = (issueId: string, by: string) => connection.request('issue.block', { issueId, by });
    await assert.rejects(block(a.id, c.id), /Issue #1 cannot wait for #3: .*\(#1 → #3 → #2 → #1; a part waits/);
    await assert.rejects(block(a.id, a.id), /\(#1 → #1;/);
    await assert.rejects(block(a.id, part.id), /\(#1 → #4 → #1;/);
    assert.deepEqual(agents.find(a.id)?.blockedBy, []);
    await connection.request('issue.setStatus', { issueId: c.id, status: 'done' });
    await assert.rejects(block(a.id, c.id), /Issue #3 is closed/);
  });

  it('waits for twenty at most', async () => {
    await using agents = await IssueAgents.open();
    const blockers = [];
    for (let count = 0; count < 21; count += 1) blockers.push((await agents.issue(`b${String(count)}`)).id);
    const issue = await agents.issue('Mend it', { blockedBy: blockers.slice(0, 20) });
    const more = { issueId: issue.id, by: blockers[20] ?? '' };
    await assert.rejects(agents.connection.request('issue.block', more), /waits for 20 others already/);
    assert.equal(agents.find(issue.id)?.blockedBy.length, 20);
  });
});

describe('An issue with parts', function () {
  this.timeout(60_000);

  it('wakes its agent once when the last part is closed, naming them', async () => {
    await using agents = await IssueAgents.open();
    const { connection, runtime } = agents;
    const whole = await agents.issue('Whole', { assignee: 'ann' });
    await agents.ended('ann');
    const one = await agents.issue('One', { parentId: whole.id });
    const two = await agents.issue('Two', { parentId: whole.id });
    await runtime.until(() => agents.find(whole.id)?.openChildren === 2);

    await connection.request('issue.setStatus', { issueId: one.id, status: 'done' });
    assert.equal(agents.runsOf('ann').length, 1);
    await connection.request('issue.setStatus', { issueId: two.id, status: 'done' });
    await connection.request('issue.setStatus', { issueId: two.id, status: 'cancelled' });

    const log = await runtime.readLog((await agents.ended('ann', 2)).id);
    assert.match(log, /No part is open any more \(#2, #3\): issue #1: Whole[\s\S]*- #2 One: done\n- #3 Two: done/);
    assert.equal((await agents.wakesOf('ann')).length, 2);
    const found = await connection.request('issue.get', { issueId: whole.id });
    assert.deepEqual(
      found.children.map(({ number, status }) => [number, status]),
      [
        [2, 'done'],
        [3, 'cancelled'],
      ],
    );
  });

  it('has no new part once it is closed', async () => {
    await using agents = await IssueAgents.open();
    const whole = await agents.issue('Whole');
    await agents.connection.request('issue.setStatus', { issueId: whole.id, status: 'done' });
    await assert.rejects(agents.issue('Late', { parentId: whole.id }), /Issue #1 is closed\. Open it again first/);
  });

  it('goes 32 levels down at most, and a block at the top holds the lowest', async () => {
    await using agents = await IssueAgents.open();
    const top = await agents.issue('Top');
    let lowest = top;
    for (let depth = 1; depth < 32; depth += 1) lowest = await agents.issue('Part', { parentId: lowest.id });
    await assert.rejects(agents.issue('Deeper', { parentId: lowest.id }), /lies too deep/);
    await agents.connection.request('issue.setStatus', { issueId: top.id, status: 'blocked' });

    await agents.connection.request('issue.assign', { issueId: lowest.id, agent: 'ann' });

    await agents.held('ann', 'blocked');
    await agents.connection.request('issue.unblock', { issueId: top.id });
    await agents.ended('ann');
  });
});

describe('An issue that is opened again', function () {
  this.timeout(60_000);

  it('wakes its agent', async () => {
    await using agents = await IssueAgents.open();
    const { connection } = agents;
    const issue = await agents.issue('Mend it', { assignee: 'ann' });
    await agents.ended('ann');
    await connection.request('issue.setStatus', { issueId: issue.id, status: 'done' });
    await connection.request('issue.setStatus', { issueId: issue.id, status: 'todo' });
    assert.equal((await agents.ended('ann', 2)).reason, 'Opened again: issue #1: Mend it');
  });
});

describe('Deleting an issue', function () {
  this.timeout(60_000);

  it('takes its comments along, frees who waited for it and its parts, and wakes whose last part it was', async () => {
    await using agents = await IssueAgents.open();
    const { connection, runtime } = agents;
    const whole = await agents.issue('Whole', { assignee: 'ann' });
    await agents.ended('ann');
    const doomed = await agents.issue('Doomed', { parentId: whole.id });
    const part = await agents.issue('Part', { parentId: doomed.id });
    const waiting = await agents.issue('Waiting', { assignee: 'bob', blockedBy: [doomed.id] });
    await agents.held('bob', 'blocked');
    await connection.request('issue.comment', { issueId: doomed.id, text: 'a secret' });

    await connection.request('issue.delete', { issueId: doomed.id });

    await agents.ended('bob');
    assert.match((await agents.ended('ann', 2)).reason, /^No part is open any more: issue #1/);
    await runtime.until(() => !runtime.state.issues.has(doomed.id) && agents.find(part.id)?.parentId === null);
    assert.deepEqual([agents.find(waiting.id)?.blockedBy, agents.find(whole.id)?.openChildren], [[], 0]);
    await assert.rejects(connection.request('issue.comments', { issueId: doomed.id, limit: 5 }), { kind: 'not_found' });
    const { entries } = await connection.request('activity.list', { limit: 100 });
    const commented = entries.find(({ action }) => action === 'issue.commented');
    assert.deepEqual([commented?.text, commented?.isTextErased], [null, true]);
    assert.equal((await connection.request('activity.verify', {})).fault, null);
  });
});

/** `ann` has a schedule far away, and is idle without an issue. */
const idle = `
agents:
  ann:
    adapter: process
    command: 'true'
    heartbeat: { cron: '0 0 1 1 *', skipWhenIdle: true }
`;
