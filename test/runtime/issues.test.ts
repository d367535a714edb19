import assert from 'node:assert/strict';
import { TestRuntime } from '../support/openTestRuntime.ts';

const echo = `
agents:
  echo:
    adapter: process
    command: sh
    args: [-c, 'cat']
    shareCwd: true
`;

describe('Issues', function () {
  this.timeout(60_000);

  it('wakes the assignee of an issue with its text and place, and moves the issue on', async () => {
    await using runtime = await TestRuntime.open({ configuration: echo });
    const location = {
      path: 'src/a.js',
      startLine: 2,
      startCharacter: 0,
      endLine: 4,
      endCharacter: 1,
      text: 'if (x) {\n}',
    };

    const { issue, wake } = await runtime.connection.request('issue.create', {
      title: 'Mend it',
      body: 'It is broken.',
      assignee: 'echo',
      location,
    });

    const run = await runtime.settled(wake?.runId ?? '');
    assert.equal(run.source, 'assignment');
    assert.equal(run.taskKey, issue.id);
    const log = await runtime.readLog(run.id);
    assert.match(log, /Issue #1: Mend it[\s\S]*src\/a\.js, lines 3 to 5[\s\S]*if \(x\)[\s\S]*It is broken\./);
    await runtime.until((state) => state.issues.get(issue.id)?.status === 'in_review');
  });

  it('wakes nobody when an issue is assigned to who has it already, or to nobody', async () => {
    await using runtime = await TestRuntime.open({ configuration: echo });
    const { issue, wake } = await runtime.connection.request('issue.create', { title: 'a', assignee: 'echo' });
    await runtime.settled(wake?.runId ?? '');

    const again = await runtime.connection.request('issue.assign', { issueId: issue.id, agent: 'echo' });
    const nobody = await runtime.connection.request('issue.assign', { issueId: issue.id, agent: null });

    assert.deepEqual([again.wake, nobody.wake, nobody.issue.assignee], [null, null, null]);
  });

  it('leaves no trace of an issue whose assignee does not exist', async () => {
    await using runtime = await TestRuntime.open({ configuration: echo });

    await assert.rejects(runtime.connection.request('issue.create', { title: 'a', assignee: 'nobody' }), {
      kind: 'not_found',
    });

    assert.deepEqual((await runtime.connection.request('issue.list', { limit: 10 })).issues, []);
  });
});
