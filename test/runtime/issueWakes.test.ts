import assert from 'node:assert/strict';
import { cpSync, readdirSync, readFileSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { Store } from '../../src/runtime/store/store.ts';
import { IssueAgents } from '../support/issueAgents.ts';
import { makeTemporaryFolder } from '../support/temporaryFolder.ts';
import { TestLogger } from '../support/testLogger.ts';
import { wasmPath } from '../support/wasm.ts';

/** How often a text stands in another one. */
const countOf = (text: string, part: string): number => text.split(part).length - 1;

/** Bytes written to each journal, the oldest first; there may be room behind them. */
function journalSizes(storePath: string): Map<string, number> {
  const names = readdirSync(join(storePath, 'state')).filter((name) => /^wal-\d+\.log$/.test(name));
  const written = (name: string): number =>
    readFileSync(join(storePath, 'state', name)).findLastIndex((byte) => byte !== 0) + 1;
  return new Map(names.sort().map((name) => [name, written(name)]));
}

/** What a store holds of the comment whose journal was cut there. */
async function findTexts(storePath: string, cut: { readonly name: string; readonly size: number }): Promise<string> {
  using copy = makeTemporaryFolder();
  const directory = join(copy.path, 'state');
  cpSync(join(storePath, 'state'), directory, { recursive: true });
  truncateSync(join(directory, cut.name), cut.size);
  const store = await Store.open({ directory, wasmPath, logger: new TestLogger(), isFenced: () => false });
  const count = (table: string): number =>
    Number(store.get(`SELECT count(*) FROM ${table} WHERE text = 'unique words'`)?.[0]);
  const found = `${String(count('issue_comment'))} comments, ${String(count('wakeup'))} wakeups`;
  await store.close();
  return found;
}

describe('A comment', function () {
  this.timeout(60_000);

  it('wakes the assignee, whose prompt has it once', async () => {
    await using agents = await IssueAgents.open();
    const { connection, runtime } = agents;
    const issue = await agents.issue('Mend it', { assignee: 'ann' });
    await agents.ended('ann');

    const { wakes, comment } = await connection.request('issue.comment', {
      issueId: issue.id,
      text: ' Also the door. ',
    });

    assert.deepEqual([wakes.length, wakes[0]?.agent, comment.text], [1, 'ann', 'Also the door.']);
    const run = await agents.ended('ann', 2);
    assert.deepEqual([run.source, run.taskKey], ['automation', issue.id]);
    const log = await runtime.readLog(run.id);
    assert.equal(countOf(log, 'Also the door.'), 1);
    assert.match(log, /automation: Comment by a person on issue #1: Mend it/);
    assert.equal(agents.find(issue.id)?.comments, 1);
  });

  it('during a run is delivered by one follow-up, with all others of that time, in their order', async () => {
    await using agents = await IssueAgents.open();
    const { connection, runtime } = agents;
    agents.closeGate();
    const issue = await agents.issue('Mend it', { assignee: 'ann' });
    const first = await agents.running('ann');
    for (const text of ['comment one', 'comment two']) {
      await connection.request('issue.comment', { issueId: issue.id, text });
    }
    agents.openGate();
    await runtime.settled(first.id);
    const second = await agents.ended('ann', 2);

    assert.doesNotMatch(await runtime.readLog(first.id), /comment/i);
    assert.match(await runtime.readLog(second.id), /comment one\n\n---\n\ncomment two/);
    assert.equal(agents.runsOf('ann').length, 2);
  });

  it('on a closed issue is kept and wakes nobody, and what is queued for a closed issue is not started', async () => {
    await using agents = await IssueAgents.open({ slots: 1 });
    const { connection } = agents;
    agents.closeGate();
    const other = await agents.issue('Other', { assignee: 'bob' });
    const busy = await agents.running('bob');
    const issue = await agents.issue('Mend it', { assignee: 'ann' });
    await connection.request('issue.setStatus', { issueId: issue.id, status: 'done' });

    const { wakes } = await connection.request('issue.comment', { issueId: issue.id, text: 'thank you @bob' });
    await agents.letGo(busy);

    assert.deepEqual(wakes, []);
    const run = await agents.ended('ann');
    assert.deepEqual([run.status, run.startedAt], ['cancelled', null]);
    assert.match(run.message ?? '', /the issue is closed/);
    assert.equal(agents.runsOf('bob').length, 1);
    const { comments } = await connection.request('issue.comments', { issueId: issue.id, limit: 10 });
    assert.deepEqual(
      comments.map(({ author, text }) => [author, text]),
      [['user:window', 'thank you @bob']],
    );
    assert.equal(agents.find(other.id)?.comments, 0);
  });

  it('wakes nobody whose configuration switches it off, and says so', async () => {
    await using agents = await IssueAgents.open();
    const issue = await agents.issue('Mend it', { assignee: 'deaf' });
    await agents.ended('deaf');
    const { wakes } = await agents.connection.request('issue.comment', { issueId: issue.id, text: 'x' });
    assert.deepEqual(
      [wakes[0]?.status, wakes[0]?.message],
      ['refused', 'Not woken: its configuration switches this kind of wake off.'],
    );
  });

  it('of a window in Restricted Mode is refused where it would wake somebody, and leaves nothing behind', async () => {
    await using agents = await IssueAgents.open();
    const issue = await agents.issue('Mend it', { assignee: 'ann' });
    const free = await agents.issue('Free');
    await agents.ended('ann');
    const stranger = agents.runtime.connect({ kind: 'window', isTrusted: false });
    try {
      await assert.rejects(stranger.request('issue.comment', { issueId: issue.id, text: 'x' }), { kind: 'trust' });
      await stranger.request('issue.comment', { issueId: free.id, text: 'x' });
    } finally {
      stranger.dispose();
    }
    await agents.runtime.until(() => agents.find(free.id)?.comments === 1);
    assert.equal(agents.find(issue.id)?.comments, 0);
  });

  it('and the wake that it makes are on the disk together or not at all, wherever a crash cuts the journal', async () => {
    await using agents = await IssueAgents.open();
    const { storePath } = agents.runtime;
    const issue = await agents.issue('Mend it', { assignee: 'ann' });
    await agents.ended('ann');
    const sizesBefore = journalSizes(storePath);
    await agents.connection.request('issue.comment', { issueId: issue.id, text: 'unique words' });
    await agents.ended('ann', 2);
    const [name, size] = [...journalSizes(storePath)].at(-1) ?? ['', 0];
    const from = sizesBefore.get(name) ?? 0;
    assert.ok(size > from);

    const seen = new Set<string>();
    for (let cut = 0; cut <= 24; cut += 1) {
      seen.add(await findTexts(storePath, { name, size: from + Math.floor(((size - from) * cut) / 24) }));
    }
    assert.deepEqual([...seen].sort(), ['0 comments, 0 wakeups', '1 comments, 1 wakeups']);
  });
});

describe('Acts of agents', function () {
  this.timeout(60_000);

  it('never wake the one who did them, but others', async () => {
    await using agents = await IssueAgents.open();
    const { runtime } = agents;
    agents.closeGate();
    const issue = await agents.issue('Mend it', { assignee: 'ann' });
    const run = await agents.running('ann');
    const ann = agents.as(run);

    const own = await ann.request('issue.comment', { issueId: issue.id, text: 'Mine, @ann' });
    const child = await ann.request('issue.create', { title: 'Part', parentId: issue.id, assignee: 'ann' });
    const other = await ann.request('issue.create', { title: 'Another', parentId: issue.id, assignee: 'bob' });
    await ann.request('issue.setStatus', { issueId: child.issue.id, status: 'done' });

    assert.deepEqual([own.wakes, child.wake], [[], null]);
    assert.notEqual(other.wake, null);
    assert.deepEqual([own.comment.author, own.comment.runId], ['agent:ann', run.id]);
    const bob = await agents.running('bob');
    await agents.as(bob).request('issue.comment', { issueId: issue.id, text: 'From bob' });
    await agents.letGo(bob);
    await agents.letGo(run);
    const second = await agents.running('ann', 2);
    await agents.letGo(second);
    const log = await runtime.readLog(second.id);
    assert.match(log, /Comment by bob on issue #1: Mend it[\s\S]*From bob/);
    assert.doesNotMatch(log, /Mine, @ann/);
    assert.equal(agents.runsOf('ann').length, 2);
    const { entries } = await agents.connection.request('activity.list', { limit: 200, runId: run.id });
    assert.ok(entries.some(({ action, actor }) => action === 'issue.commented' && actor === 'agent:ann'));
  });

  it('that answer each other come to an end after eight hops, which is told', async () => {
    await using agents = await IssueAgents.open();
    agents.closeGate();
    const issue = await agents.issue('Mend it', { assignee: 'ann' });
    const counts = { ann: 0, bob: 0 };
    let refusal = '';
    for (let speaker: 'ann' | 'bob' = 'ann'; refusal === ''; speaker = speaker === 'ann' ? 'bob' : 'ann') {
      counts[speaker] += 1;
      const run = await agents.running(speaker, counts[speaker]);
      const other = speaker === 'ann' ? 'bob' : 'ann';
      const said = { issueId: issue.id, text: `What do you think, @${other}?` };
      const { wakes } = await agents.as(run).request('issue.comment', said);
      await agents.letGo(run);
      const wake = wakes.find(({ agent }) => agent === other);
      if (wake?.status === 'refused') refusal = wake.message;
    }

    assert.match(refusal, /^Not woken: agents woke each other too many times in a row/);
    assert.deepEqual(counts, { ann: 5, bob: 4 });
    await agents.runtime.until(() => (agents.find(issue.id)?.loopStoppedAt ?? null) !== null);
    const { entries } = await agents.connection.request('activity.list', { limit: 20 });
    assert.ok(entries.some(({ result, details }) => result === 'refused' && details['reason'] === 'hop_limit'));
    await agents.connection.request('issue.comment', { issueId: issue.id, text: 'Go on.' });
    await agents.letGo(await agents.running('ann', counts.ann + 1));
  });
});

describe('An issue that is worked on', function () {
  this.timeout(60_000);

  it('is worked on by one agent at a time: another one waits until it has ended, and moves nothing', async () => {
    await using agents = await IssueAgents.open();
    agents.closeGate();
    const issue = await agents.issue('Mend it', { assignee: 'ann' });
    const ann = await agents.running('ann');
    await agents.connection.request('issue.comment', { issueId: issue.id, text: 'Have a look, @bob' });
    await agents.held('bob', 'issue_busy');

    await agents.letGo(ann);
    const one = await Promise.race([agents.running('bob'), agents.running('ann', 2)]);
    await agents.letGo(one);
    const other = one.agent === 'ann' ? await agents.running('bob') : await agents.running('ann', 2);
    assert.ok((other.startedAt ?? 0) >= (agents.runtime.state.runs.get(one.id)?.finishedAt ?? Infinity));
    await agents.letGo(other);
    assert.equal(agents.find(issue.id)?.status, 'in_review');
  });

  it('is not moved on by an agent that only has a say in it', async () => {
    await using agents = await IssueAgents.open();
    await agents.connection.request('agent.pause', { agent: 'ann' });
    const issue = await agents.issue('Mend it', { assignee: 'ann' });
    await agents.connection.request('issue.comment', { issueId: issue.id, text: 'Have a look, @bob' });
    await agents.ended('bob');
    assert.equal(agents.find(issue.id)?.status, 'todo');
  });

  it('goes to another agent with what was said; the run of the former goes on, its queued one does not', async () => {
    await using agents = await IssueAgents.open();
    const { connection, runtime } = agents;
    agents.closeGate();
    const issue = await agents.issue('Mend it', { assignee: 'ann' });
    const first = await agents.running('ann');
    await connection.request('issue.comment', { issueId: issue.id, text: 'the second door too' });

    await connection.request('issue.assign', { issueId: issue.id, agent: 'bob' });

    await agents.held('bob', 'issue_busy');
    assert.equal((await agents.letGo(first)).status, 'succeeded');
    const bob = await agents.running('bob');
    assert.equal(agents.find(issue.id)?.status, 'in_progress');
    await agents.letGo(bob);
    assert.equal(countOf(await runtime.readLog(bob.id), 'the second door too'), 1);
    assert.equal(agents.runsOf('ann').length, 1);
    assert.equal(agents.find(issue.id)?.status, 'in_review');
    const { entries } = await connection.request('agent.explain', { agent: 'ann', limit: 50 });
    assert.ok(entries.some((entry) => entry.kind === 'wakeup' && entry.statusReason === 'reassigned'));
  });

  it('leaves the queue of the former assignee, except for what a person asked of that agent', async () => {
    await using agents = await IssueAgents.open();
    const { connection } = agents;
    await connection.request('agent.pause', { agent: 'ann' });
    const plain = await agents.issue('Plain', { assignee: 'ann' });
    const asked = await agents.issue('Asked', { assignee: 'ann' });
    await connection.request('agent.wake', { agent: 'ann', issueId: asked.id, text: 'You in person.' });

    for (const { id } of [plain, asked]) await connection.request('issue.assign', { issueId: id, agent: 'bob' });

    await agents.runtime.until(() => agents.runsOf('ann')[0]?.status === 'cancelled');
    assert.match(agents.runsOf('ann')[0]?.message ?? '', /issue #1 was given to bob/);
    assert.equal(agents.runsOf('ann')[1]?.status, 'queued');
  });
});
