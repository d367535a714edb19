import assert from 'node:assert/strict';
import { requests, type Method } from '../../src/protocol.ts';
import { agentMethods } from '../../src/runtime/requests/agentRights.ts';
import { IssueAgents } from '../support/issueAgents.ts';

/** What the server itself answers; of these only `updateClient` is for people. */
const own = new Set<string>(['attach', 'updateClient', 'synchronize', 'log.watch']);

/** Parameters that are understood, so that the answer is about rights. */
const params: Readonly<Record<string, object>> = {
  updateClient: { isTrusted: true },
  'agent.wake': { agent: 'bob' },
  'agent.check': { agent: 'bob' },
  'agent.pause': { agent: 'bob' },
  'agent.resume': { agent: 'bob' },
  'agent.delete': { agent: 'bob' },
  'run.cancel': { runId: 'x' },
  'run.undo': { runId: 'x' },
  'run.previewUndo': { runId: 'x' },
  'run.delete': { runId: 'x' },
  'queue.discard': { runId: 'x' },
  'queue.move': { runId: 'x', to: 'up' },
  'queue.runNow': { runId: 'x' },
  'session.reset': { agent: 'ann' },
  'agent.terminate': { agent: 'ann' },
  'question.list': { limit: 1 },
  'question.answer': { questionId: 'x', answer: 'x' },
  'question.dismiss': { questionId: 'x' },
  'configuration.accept': { hashes: ['x'] },
  'configuration.reload': {},
  'everything.stop': {},
  'everything.release': {},
  'state.backUp': { path: '/x' },
  'state.inspectBackup': { path: '/x' },
  'state.restore': { path: '/x' },
  'state.export': { path: '/x' },
  'state.adopt': { entryId: '0'.repeat(32) },
  'state.delete': {},
  'deletion.preview': { target: { kind: 'state' } },
  'issue.delete': { issueId: 'x' },
  'activity.export': { path: '/x', format: 'csv' },
  'diagnostics.report': { digest: '0'.repeat(64), errors: 0, warnings: 0 },
  'secrets.offer': { values: { TOKEN: 'x' } },
  'secrets.forget': { names: ['TOKEN'] },
  'runtime.stop': { mode: 'now', reason: 'x' },
};

describe('An agent in its run', function () {
  this.timeout(60_000);

  it('is refused every request that is for people, and that is all which nobody has allowed', async () => {
    await using agents = await IssueAgents.open();
    agents.closeGate();
    await agents.issue('Mend it', { assignee: 'ann' });
    const run = await agents.running('ann');
    const ann = agents.as(run);
    const methods = Object.keys(requests) as Method[];
    const denied = methods.filter((method) => !agentMethods.has(method) && !own.has(method));

    for (const method of [...denied, 'updateClient'] as const) {
      const asked = params[method];
      assert.ok(asked, `Say in this test with what ${method} is asked`);
      await assert.rejects(
        ann.request(method, asked),
        { kind: 'refused', message: 'An agent cannot do this; a person can.' },
        method,
      );
    }
    assert.ok(denied.length >= 20);
    await ann.request('agent.explain', { agent: 'bob', limit: 1 });
    await agents.letGo(run);
  });

  it('may act only while the run goes on, and nobody may in the name of one that does not', async () => {
    await using agents = await IssueAgents.open();
    agents.closeGate();
    const issue = await agents.issue('Mend it', { assignee: 'ann' });
    const run = await agents.running('ann');
    const ann = agents.as(run);
    await ann.request('issue.comment', { issueId: issue.id, text: 'so far so good' });

    await agents.letGo(run);

    await assert.rejects(ann.request('issue.comment', { issueId: issue.id, text: 'late' }), /An agent acts only while/);
    await assert.rejects(agents.as(run).request('runtime.status', {}), /does not go on in this folder/);
    const { comments } = await agents.connection.request('issue.comments', { issueId: issue.id, limit: 5 });
    assert.equal(comments.length, 1);
  });

  it('grants no trust to the folder, and keeps none for it', async () => {
    await using agents = await IssueAgents.open();
    agents.closeGate();
    const issue = await agents.issue('Mend it', { assignee: 'ann' });
    const run = await agents.running('ann');
    const ann = agents.as(run);
    await ann.request('runtime.status', {});
    agents.connection.updateSettings({ kind: 'window', isTrusted: false });

    await agents.connection.request('runtime.status', {});
    const { wakes } = await ann.request('issue.comment', { issueId: issue.id, text: '@bob' });

    assert.match(wakes[0]?.message ?? '', /this workspace is not trusted/);
    await agents.held('bob', 'trust');
    await agents.letGo(run);
  });
});
