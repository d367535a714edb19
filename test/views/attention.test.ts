import assert from 'node:assert/strict';
import { Attention, isOfSetUp } from '../../src/views/attention.ts';
import type { ViewedFolder } from '../../src/views/folderLevel.ts';
import { sampleIssue, sampleRun } from '../support/sampleState.ts';
import { viewedFolder } from './viewedFolder.ts';

const failedRun = (number: number) => sampleRun(number, { status: 'failed', startedAt: 1, finishedAt: 2, exitCode: 1 });
const pending = (hash: string, agent = 'a') => ({ agent, hash, before: null, after: '', summary: '' });

describe('what deserves a message', () => {
  const kinds = (attention: Attention, ...folders: ViewedFolder[]) =>
    attention.next(folders, true).map(({ kind }) => kind);

  it('is a failed run, once, and none that failed before the window came', () => {
    const attention = new Attention();
    assert.deepEqual(kinds(attention, viewedFolder({ runs: [failedRun(1)] })), []);
    assert.deepEqual(kinds(attention, viewedFolder({ runs: [failedRun(1), failedRun(2)] })), ['failedRun']);
    assert.deepEqual(kinds(attention, viewedFolder({ runs: [failedRun(1), failedRun(2)] })), []);
  });

  it('is a run that failed before the first look, but after its folder was met', () => {
    const attention = new Attention();
    attention.meet([viewedFolder({ runs: [failedRun(1)] })]);
    const folder = viewedFolder({ runs: [failedRun(1), failedRun(2)] });
    attention.meet([folder]);
    assert.deepEqual(kinds(attention, folder), ['failedRun']);
  });

  it('is a chain of agents that was stopped, once each time, and none from before the window came', () => {
    const attention = new Attention();
    const stopped = (...times: (number | null)[]) =>
      viewedFolder({ issues: times.map((loopStoppedAt, index) => sampleIssue(index + 1, { loopStoppedAt })) });
    attention.meet([stopped(5, null)]);
    assert.deepEqual(kinds(attention, stopped(5, null)), []);
    assert.deepEqual(kinds(attention, stopped(5, 7)), ['loop']);
    assert.deepEqual(kinds(attention, stopped(5, 7)), []);
    assert.deepEqual(kinds(attention, stopped(8, 7)), ['loop']);
  });

  it('is one message for many runs that failed together', () => {
    const attention = new Attention();
    attention.next([viewedFolder()], true);
    assert.deepEqual(attention.next([viewedFolder({ runs: [failedRun(1), failedRun(2), failedRun(3)] })], true), [
      { kind: 'failedRuns', count: 3 },
    ]);
  });

  it('is a run that falls silent, each time once, and none that was silent before the window came', () => {
    const attention = new Attention();
    const silent = (number: number) => sampleRun(number, { status: 'running', startedAt: 1, stalledSince: 2 });
    const heard = sampleRun(2, { status: 'running', startedAt: 1 });
    assert.deepEqual(kinds(attention, viewedFolder({ runs: [silent(1)] })), []);
    assert.deepEqual(kinds(attention, viewedFolder({ runs: [silent(1), silent(2)] })), ['stalledRun']);
    assert.deepEqual(kinds(attention, viewedFolder({ runs: [silent(1), silent(2)] })), []);
    assert.deepEqual(kinds(attention, viewedFolder({ runs: [silent(1), heard] })), []);
    assert.deepEqual(kinds(attention, viewedFolder({ runs: [silent(1), silent(2)] })), ['stalledRun']);
  });

  it('is no run that succeeded or was cancelled', () => {
    const attention = new Attention();
    attention.next([viewedFolder()], true);
    const runs = [
      sampleRun(1, { status: 'succeeded', startedAt: 1, finishedAt: 2 }),
      sampleRun(2, { status: 'cancelled', startedAt: 1, finishedAt: 2 }),
    ];
    assert.deepEqual(kinds(attention, viewedFolder({ runs })), []);
  });

  it('is one message for all definitions to review, again only for another set', () => {
    const attention = new Attention();
    const review = (...hashes: string[]) =>
      kinds(attention, viewedFolder({ pending: hashes.map((hash) => pending(hash)) }));
    assert.deepEqual(review('1', '2'), ['review']);
    assert.deepEqual(review('2', '1'), []);
    assert.deepEqual(review('2', '3'), ['review']);
    assert.deepEqual(review(), []);
  });

  it('waits with definitions to review until the workspace is trusted', () => {
    const attention = new Attention();
    const folders = [viewedFolder({ pending: [pending('1')] })];
    assert.deepEqual(attention.next(folders, false), []);
    assert.deepEqual(
      attention.next(folders, true).map(({ kind }) => kind),
      ['review'],
    );
  });

  it('is one message for the definitions of several folders', () => {
    const folders = ['one', 'two'].map((name) => viewedFolder({ name, pending: [pending(name, name)] }));
    assert.deepEqual(new Attention().next(folders, true), [{ kind: 'review', folder: null, agents: ['one', 'two'] }]);
  });

  it('is what a runtime recovered when it started, once per start', () => {
    const attention = new Attention();
    const recovered = (startedAt: number, ...remarks: string[]) => {
      const folder = viewedFolder();
      assert(folder.state);
      const runtime = { ...folder.state.runtime, startedAt, remarks };
      return attention.next([{ ...folder, state: { ...folder.state, runtime } }], true);
    };
    assert.deepEqual(recovered(1), []);
    assert.deepEqual(
      recovered(2, 'a snapshot was damaged').map(({ kind }) => kind),
      ['recovered'],
    );
    assert.deepEqual(recovered(2, 'a snapshot was damaged'), []);
    assert.deepEqual(
      recovered(3, 'a snapshot was damaged').map(({ kind }) => kind),
      ['recovered'],
    );
  });

  it('is a lost connection, once, and again after it was good in between', () => {
    const attention = new Attention();
    const failed = viewedFolder({ status: { kind: 'failed', message: 'gone', action: 'retry' } });
    const connecting = viewedFolder({ status: { kind: 'connecting', isReconnect: true } });
    assert.deepEqual(kinds(attention, failed), ['notConnected']);
    assert.deepEqual(kinds(attention, connecting), []);
    assert.deepEqual(kinds(attention, failed), []);
    assert.deepEqual(kinds(attention, viewedFolder()), []);
    assert.deepEqual(kinds(attention, failed), ['notConnected']);
  });
});

describe('a run that failed because of how its agent is set up', () => {
  it('is told from one whose log says more than a check of the agent', () => {
    const of = (errorCode: ReturnType<typeof failedRun>['errorCode']): boolean =>
      isOfSetUp(sampleRun(1, { errorCode }));
    assert.ok(of('command_not_found') && of('login_required') && of('cwd_missing'));
    assert.ok(!of('exit_code') && !of('timeout') && !of('rate_limited') && !of(null));
  });
});
