import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ClientSettings } from '../../../src/connection/folderConnection.ts';
import { auditHeadPath } from '../../../src/runtime/governance/auditHead.ts';
import type { Activity } from '../../../src/runtime/activityModel.ts';
import { TestRuntime } from '../../support/openTestRuntime.ts';
import { keyOne } from '../../support/auditFixture.ts';
import { poll } from '../../support/poll.ts';

const agents = `
agents:
  echo:
    adapter: process
    command: sh
    args: [-c, 'cat']
    shareCwd: true
    env: { TOKEN: very-secret-value }
  fails:
    adapter: process
    command: sh
    args: [-c, 'exit 3']
    shareCwd: true
    heartbeat: { wakeOnAssignment: false }
  waits:
    adapter: process
    command: sh
    args: [-c, 'while [ ! -e go ]; do sleep 0.02; done']
    graceSec: 1
    shareCwd: true
`;

const window: ClientSettings = { kind: 'window', isTrusted: true };

/** All entries, oldest first. */
async function entriesOf(runtime: TestRuntime): Promise<Activity[]> {
  const { entries, hasMore } = await runtime.connection.request('activity.list', { limit: 200 });
  assert.equal(hasMore, false);
  return entries.reverse();
}

/** What was recorded since a number, one line each. */
async function since(runtime: TestRuntime, number: number): Promise<string[]> {
  const entries = (await entriesOf(runtime)).filter((entry) => entry.number > number);
  return entries.map(({ actor, action, agent, result }) => `${actor} ${action} ${agent ?? '-'} ${result}`);
}

async function lastNumber(runtime: TestRuntime): Promise<number> {
  return (await entriesOf(runtime)).at(-1)?.number ?? 0;
}

describe('The audit log of a runtime', function () {
  this.timeout(60_000);

  it('has the life of a run: asked for, claimed, settled, with how it came out', async () => {
    await using runtime = await TestRuntime.open({ configuration: agents });
    const before = await lastNumber(runtime);

    const good = await runtime.wake('echo', { text: 'do it' });
    await runtime.settled(good);
    await runtime.settled(await runtime.wake('fails'));

    assert.deepEqual(await since(runtime, before), [
      'user:window wake.requested echo accepted',
      'runtime run.claimed echo done',
      'runtime run.settled echo succeeded',
      'user:window wake.requested fails accepted',
      'runtime run.claimed fails done',
      'runtime run.settled fails failed',
    ]);
    const { entries } = await runtime.connection.request('activity.list', { runId: good, limit: 10 });
    assert.deepEqual(
      entries.map(({ target, text }) => [target, text]),
      [
        [`run:${good}`, null],
        [`run:${good}`, null],
        ['agent:echo', 'do it'],
      ],
    );
    const settled = (await entriesOf(runtime)).at(-1)?.details ?? {};
    assert.deepEqual(
      [settled['errorCode'], settled['exitCode'], typeof settled['durationMs']],
      ['exit_code', 3, 'number'],
    );
  });

  it('has refused and repeated wakes, and who asked from where', async () => {
    await using runtime = await TestRuntime.open({ configuration: agents });
    const cli = runtime.connect({ kind: 'cli', isTrusted: true });
    const before = await lastNumber(runtime);

    const { issue } = await cli.request('issue.create', { title: 'Mend', body: 'It is broken', assignee: 'fails' });
    await runtime.settled(await runtime.wake('echo', { text: 'x', idempotencyKey: 'k' }));
    await runtime.wake('echo', { text: 'x', idempotencyKey: 'k' });
    await cli.request('issue.setStatus', { issueId: issue.id, status: 'done' });
    await cli.request('issue.setStatus', { issueId: issue.id, status: 'done' });
    await cli.request('issue.assign', { issueId: issue.id, agent: 'echo' });
    await cli.request('issue.assign', { issueId: issue.id, agent: null });
    await cli.request('issue.assign', { issueId: issue.id, agent: null });
    cli.dispose();

    assert.deepEqual(await since(runtime, before), [
      'user:cli issue.created fails done',
      'user:cli wake.requested fails refused',
      'user:window wake.requested echo accepted',
      'runtime run.claimed echo done',
      'runtime run.settled echo succeeded',
      'user:window wake.requested echo refused',
      'user:cli issue.statusSet fails done',
      'user:cli issue.assigned echo done',
      'user:cli wake.requested echo refused',
      'user:cli issue.assigned - done',
    ]);
    const reasons = (await entriesOf(runtime)).flatMap(({ result, details }) =>
      result === 'refused' ? [details['reason']] : [],
    );
    assert.deepEqual(reasons, ['source_disabled', 'duplicate', 'issue_closed']);
  });

  it('has what became of the issue with the run that moved it', async () => {
    await using runtime = await TestRuntime.open({ configuration: agents });

    const { wake, issue } = await runtime.connection.request('issue.create', { title: 'a', assignee: 'echo' });
    await runtime.settled(wake?.runId ?? '');

    const about = (await entriesOf(runtime)).filter(({ runId }) => runId === wake?.runId);
    assert.deepEqual(
      about.map(({ target, details }) => [target, details['issueId'], details['issueStatus']]),
      [
        [`issue:${issue.id}`, undefined, undefined],
        [`run:${wake?.runId ?? ''}`, issue.id, 'in_progress'],
        [`run:${wake?.runId ?? ''}`, issue.id, 'in_review'],
      ],
    );
  });

  it('has who cancelled, once, of a run that works and of one that waits', async () => {
    await using runtime = await TestRuntime.open({ configuration: agents });
    const working = await runtime.wake('waits', { taskKey: 'a' });
    await runtime.until((state) => state.runs.get(working)?.status === 'running');
    const waiting = await runtime.wake('waits', { taskKey: 'b' });
    const before = await lastNumber(runtime);

    await runtime.connection.request('run.cancel', { runId: waiting });
    await runtime.connection.request('run.cancel', { runId: waiting });
    await runtime.connection.request('run.cancel', { runId: working });
    await runtime.connection.request('run.cancel', { runId: working });
    await runtime.settled(working);

    assert.deepEqual(await since(runtime, before), [
      'user:window run.cancelAsked waits done',
      'runtime run.settled waits cancelled',
      'user:window run.cancelAsked waits done',
      'runtime run.settled waits cancelled',
    ]);
  });

  it('has pauses, resumptions, resets and accepted definitions', async () => {
    await using runtime = await TestRuntime.open({ configuration: agents, isAccepted: false });
    await runtime.acceptAll();
    const before = await lastNumber(runtime);
    const reason = 'it wanders about';

    await runtime.connection.request('agent.pause', { agent: 'echo', reason });
    await runtime.connection.request('agent.resume', { agent: 'echo' });
    await runtime.connection.request('session.reset', { agent: 'echo' });
    runtime.writeConfiguration(agents.replace('exit 3', 'exit 4'));
    const { pending } = await runtime.connection.request('configuration.reload', {});
    const hashes = [...pending.map(({ hash }) => hash), 'outdated'];
    await assert.rejects(runtime.connection.request('configuration.accept', { hashes }));
    await runtime.acceptAll();

    assert.deepEqual(await since(runtime, before), [
      'user:window agent.paused echo done',
      'user:window agent.resumed echo done',
      'user:window session.reset echo done',
      'user:window configuration.accepted fails done',
    ]);
    const entries = await entriesOf(runtime);
    assert.equal(entries.find(({ action }) => action === 'agent.paused')?.text, reason);
    assert.deepEqual(
      entries.flatMap(({ action, agent }) => (action === 'configuration.accepted' ? [agent] : [])),
      ['echo', 'fails', 'waits', 'fails'],
    );
    const accepted = entries.at(-1)?.details['definition'];
    await runtime.settled(await runtime.wake('fails'));
    const claimed = (await entriesOf(runtime)).findLast(({ action }) => action === 'run.claimed');
    assert.deepEqual([typeof accepted, claimed?.details['definition']], ['string', accepted]);
  });

  it('has Stop Everything and its release, by whom, and from elsewhere', async () => {
    await using runtime = await TestRuntime.open({ configuration: agents });
    const before = await lastNumber(runtime);
    await runtime.connection.request('everything.stop', { reason: 'enough' });
    await runtime.connection.request('everything.stop', { reason: 'enough' });
    await runtime.connection.request('everything.release', {});
    const flag = join(runtime.stateDirectory, 'stopped.json');
    writeFileSync(flag, JSON.stringify({ reason: 'another window', at: 1 }));
    await runtime.until((state) => state.runtime.isStopped);

    assert.deepEqual(await since(runtime, before), [
      'user:window everything.stopped - done',
      'user:window everything.released - done',
      'runtime everything.stopped - done',
    ]);
    assert.equal((await entriesOf(runtime)).at(-1)?.details['elsewhere'], true);
  });

  it('has each life of the runtime, from start to stop, and verifies across them', async () => {
    await using runtime = await TestRuntime.open({ configuration: agents });
    await runtime.settled(await runtime.wake('echo'));
    const before = await lastNumber(runtime);

    await runtime.restart();

    assert.deepEqual(await since(runtime, before), [
      'runtime runtime.stopped - done',
      'runtime runtime.started - done',
    ]);
    const [first] = await entriesOf(runtime);
    assert.deepEqual([first?.number, first?.action, first?.details['version']], [1, 'runtime.started', '1.0.0']);
    const found = await runtime.connection.request('activity.verify', {});
    assert.deepEqual([found.fault, found.hasKey, found.head], [null, false, 'present']);
  });

  it('has no entry for what failed, was only looked at, or was a tick that found the agent held', async () => {
    const ticking = agents.replace(
      "args: [-c, 'cat']",
      "args: [-c, 'cat']\n    heartbeat: { enabled: true, intervalSec: 3600 }",
    );
    await using runtime = await TestRuntime.open({ configuration: ticking });
    await runtime.connection.request('agent.pause', { agent: 'echo' });
    const before = await lastNumber(runtime);

    await assert.rejects(runtime.connection.request('issue.create', { title: 'a', assignee: 'nobody' }));
    await assert.rejects(runtime.connection.request('issue.setStatus', { issueId: 'none', status: 'done' }));
    await assert.rejects(runtime.connection.request('agent.resume', { agent: 'waits' }));
    await assert.rejects(runtime.connection.request('run.cancel', { runId: 'none' }));
    await assert.rejects(runtime.connection.request('configuration.accept', { hashes: ['0'] }));
    await runtime.connection.request('configuration.reload', {});
    await runtime.connection.request('session.list', {});
    assert.deepEqual(await since(runtime, before), []);

    await runtime.restart({ missedHeartbeatAt: Date.now() - 3_600_000 });
    await runtime.until((state) => (state.agents.get('echo')?.nextHeartbeatAt ?? 0) > Date.now());
    const actions = (await entriesOf(runtime)).map(({ action }) => action);
    assert.ok(!actions.includes('wake.requested') && !actions.includes('run.claimed'), actions.join());
  });

  it('has nothing secret in it: no environment, and prompts only as texts that can be erased', async () => {
    await using runtime = await TestRuntime.open({ configuration: agents });
    await runtime.settled(await runtime.wake('echo', { text: 'the prompt of a person' }));
    await runtime.connection.request('issue.create', { title: 'the title of a person', assignee: 'echo' });

    const entries = await entriesOf(runtime);
    const bare = JSON.stringify(entries.map((entry) => ({ ...entry, text: null })));

    assert.doesNotMatch(bare, /very-secret-value|of a person/);
    assert.match(JSON.stringify(entries), /the prompt of a person[\s\S]*the title of a person/);
  });
});

describe('The key of the audit log', function () {
  this.timeout(60_000);

  it('is taken from a trusted window only, and is nowhere on the disk', async () => {
    await using runtime = await TestRuntime.open({ configuration: agents });
    let asked = 0;
    const connect = (settings: ClientSettings) =>
      runtime.connect(settings, () => {
        asked += 1;
        return Promise.resolve(keyOne);
      });
    const restricted = connect({ ...window, isTrusted: false });
    await restricted.request('runtime.status', {});
    await restricted.request('updateClient', { isTrusted: false, auditKey: keyOne });
    assert.deepEqual([(await restricted.request('activity.verify', {})).hasKey, asked], [false, 0]);

    restricted.updateSettings(window);
    await poll(async () => (await restricted.request('activity.verify', {})).hasKey, 'the key has come');

    await runtime.settled(await runtime.wake('echo'));
    const entries = await entriesOf(runtime);
    assert.equal(entries.at(-1)?.isKeyed, true);
    assert.equal(entries.filter(({ action }) => action === 'audit.keyChanged').length, 1);
    await runtime.restart();
    assert.equal((await runtime.connection.request('activity.verify', {})).fault, null);
    const head = readFileSync(auditHeadPath(runtime.stateDirectory, runtime.folder.id), 'utf8');
    assert.match(head, /"keyId":"[0-9a-f]{16}"/);
    for (const text of [head, JSON.stringify(entries), runtime.logger.lines.join('\n')])
      assert.ok(!text.includes(keyOne));
    restricted.updateSettings({ ...window, isTrusted: false });
    await runtime.restart();
    await restricted.request('runtime.status', {});
    assert.deepEqual([(await restricted.request('activity.verify', {})).hasKey, asked], [false, 1]);
    restricted.dispose();
  });

  it('that takes long or never comes keeps nobody waiting', async () => {
    await using runtime = await TestRuntime.open({ configuration: agents });
    const never = runtime.connect(window, () => new Promise(() => undefined));
    const broken = runtime.connect(window, () => Promise.reject(new Error('no keychain')));

    await never.request('runtime.status', {});
    await broken.request('runtime.status', {});

    assert.equal((await broken.request('activity.verify', {})).hasKey, false);
    never.dispose();
    broken.dispose();
  });
});

describe('Requests about the audit log', function () {
  this.timeout(60_000);

  it('export it to a file, for a trusted client, and never into our own folders', async () => {
    await using runtime = await TestRuntime.open({ configuration: agents });
    const path = join(runtime.folder.path, 'audit.csv');
    const { rows } = await runtime.connection.request('activity.export', { path, format: 'csv' });
    assert.equal(readFileSync(path, 'utf8').trimEnd().split('\r\n').length, rows + 1);

    const refused: [string, string][] = [
      [join(runtime.storePath, 'state', 'x'), 'invalid'],
      [join(runtime.stateDirectory, 'audit', 'x'), 'invalid'],
      ['relative.csv', 'invalid'],
      [join(runtime.folder.path, 'nowhere', 'x'), 'storage'],
    ];
    for (const [place, kind] of refused) {
      await assert.rejects(
        runtime.connection.request('activity.export', { path: place, format: 'csv' }),
        { kind },
        place,
      );
    }
    const restricted = runtime.connect({ ...window, isTrusted: false });
    const other = join(runtime.folder.path, 'other.csv');
    await assert.rejects(restricted.request('activity.export', { path: other, format: 'csv' }), { kind: 'trust' });
    assert.equal(existsSync(other), false);
    restricted.dispose();
  });

  it('page through it', async () => {
    await using runtime = await TestRuntime.open({ configuration: agents });
    for (let index = 0; index < 4; index += 1) await runtime.connection.request('agent.pause', { agent: 'echo' });

    const first = await runtime.connection.request('activity.list', { agent: 'echo', limit: 3 });
    const before = first.entries.at(-1)?.number ?? 0;
    const second = await runtime.connection.request('activity.list', { agent: 'echo', limit: 3, before });

    assert.deepEqual([first.entries.length, first.hasMore, second.entries.length, second.hasMore], [3, true, 2, false]);
  });
});
