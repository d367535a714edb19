import assert from 'node:assert/strict';
import { existsSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { join } from 'node:path';
import { recoverLostRuns } from '../../../src/runtime/runs/recovery.ts';
import { listRunningRuns } from '../../../src/runtime/store/runTable.ts';
import { deleteSessions } from '../../../src/runtime/store/sessionTable.ts';
import { SessionScene } from '../../support/sessionScene.ts';
import { TestLogger } from '../../support/testLogger.ts';

/** Goes on with its conversation, or begins one whose name is that of its run. */
const talks = 'echo "session ${SESSION:-of-$REVEILLE_RUN_ID}"; echo "context 900"; echo "result done";';
/** Knows no conversation any more that it had. */
const forgets = `if [ -n "$SESSION" ]; then echo "failure session_lost"; exit 1; fi; ${talks}`;

describe('Runs in sessions', function () {
  this.timeout(30_000);

  it('go on with the conversation of their task, each task and adapter with its own', async () => {
    await using scene = await SessionScene.open(talks);
    const first = await scene.run();
    const second = await scene.run();
    const elsewhere = await scene.run({ taskKey: 'U' });

    assert.equal(first.sessionId, `of-${first.id}`);
    assert.equal(second.sessionId, first.sessionId);
    assert.equal(elsewhere.sessionId, `of-${elsewhere.id}`);
    assert.deepEqual(
      scene.requests.map(({ session, sessionRun }) => [session, sessionRun]),
      [
        [null, 1],
        [{ id: `of-${first.id}` }, 2],
        [null, 1],
      ],
    );
    const { runs, cwd, contextTokens, lastRunId } = scene.session() ?? {};
    assert.deepEqual([runs, cwd, contextTokens, lastRunId], [2, scene.folder, 900, second.id]);
    assert.doesNotMatch(scene.readLog(second.id), /Reveille/);
  });

  for (const [end, program] of [
    ['failed', `${talks} exit 3`],
    ['timed_out', `${talks} sleep 60`],
    ['cancelled', `${talks} sleep 60`],
  ] as const) {
    it(`keep the conversation of one that was ${end}`, async () => {
      await using scene = await SessionScene.open(program.replace('echo "result done";', ''), {
        timeoutSec: end === 'timed_out' ? 1 : 0,
        graceSec: 1,
      });
      const { runId, ended } = scene.begin();
      if (end === 'cancelled') {
        await until(() => existsSync(join(scene.logs, `${runId}.log`)) && scene.readLog(runId).includes('context'));
        scene.executor.cancel(runId, 'cancelled_by_user');
      }
      assert.equal((await ended).status, end);

      scene.define(talks);
      assert.equal((await scene.run()).sessionId, `of-${runId}`);
    });
  }

  it('begin once more in the same run if their conversation is gone, and say so', async () => {
    await using scene = await SessionScene.open(talks);
    const first = await scene.run();
    scene.define(forgets);

    const second = await scene.run();

    assert.deepEqual([second.status, second.sessionId], ['succeeded', `of-${second.id}`]);
    assert.match(second.message ?? '', /^done Its conversation could not be gone on with, so it began a new one\.$/);
    const log = scene.readLog(second.id);
    assert.match(
      log,
      new RegExp(`failure session_lost\n\n\\[Reveille begins a new conversation in the place of of-${first.id}`),
    );
    assert.equal(second.logBytes, Buffer.byteLength(log));
    assert.deepEqual([scene.lastRequest.session, scene.lastRequest.sessionRun], [null, 1]);
    assert.match(scene.lastRequest.prompt, /## What happened before[^]*does not know any more[^]*> done/);
    assert.equal(scene.session()?.runs, 1);
  });

  it('begin once more only once, and give the conversation up if that comes to nothing', async () => {
    await using scene = await SessionScene.open(talks);
    await scene.run();
    scene.define('echo "failure session_lost"; exit 1');

    const run = await scene.run();

    assert.equal(run.errorCode, 'session_lost');
    assert.equal(scene.readLog(run.id).split('failure session_lost').length - 1, 2);
    assert.equal(scene.session()?.sessionId, null);
    scene.define(talks);
    const next = await scene.run();
    assert.match(scene.lastRequest.prompt, /## What happened before/);
    assert.equal(next.sessionId, `of-${next.id}`);
    assert.equal(scene.session()?.handover, null);
  });

  it('do not begin once more where the model had done something', async () => {
    await using scene = await SessionScene.open(talks);
    await scene.run();
    scene.define('echo "said I changed a file"; echo "failure session_broken"; exit 1');
    const asked = scene.requests.length;

    const run = await scene.run();

    assert.deepEqual([run.errorCode, scene.requests.length - asked], ['session_broken', 1]);
    assert.equal(scene.session()?.sessionId, null);
  });

  it('have one time limit for both attempts, and end at a cancel in the second', async () => {
    await using scene = await SessionScene.open(talks);
    await scene.run();
    scene.define('if [ -n "$SESSION" ]; then sleep 1.2; echo "failure session_lost"; exit 1; fi; sleep 60', {
      timeoutSec: 2,
      graceSec: 0,
    });
    const begunAt = performance.now();
    assert.equal((await scene.run()).status, 'timed_out');
    assert.ok(performance.now() - begunAt < 2900, 'the second attempt had a time limit of its own');

    scene.define(talks);
    await scene.run();
    scene.define('if [ -n "$SESSION" ]; then echo "failure session_lost"; exit 1; fi; echo second; sleep 60', {
      graceSec: 0,
    });
    const { runId, ended } = scene.begin();
    await until(() => existsSync(join(scene.logs, `${runId}.log`)) && scene.readLog(runId).includes('second'));
    scene.executor.cancel(runId, 'cancelled_by_user');
    assert.equal((await ended).status, 'cancelled');
  });

  it('say so when the program is in another conversation than it was asked to go on with, and keep that one', async () => {
    await using scene = await SessionScene.open(talks);
    const first = await scene.run();
    scene.define('echo "session another"; echo "result done"');

    const second = await scene.run();

    assert.match(
      scene.readLog(second.id),
      new RegExp(`asked for the conversation of-${first.id}, and the program is in another`),
    );
    assert.deepEqual([scene.session()?.sessionId, scene.session()?.runs], ['another', 1]);
  });

  it('begin anew when the conversation has had enough runs, and are told what it came to', async () => {
    await using scene = await SessionScene.open(talks.replace('done', 'step $REVEILLE_SESSION_RUN'), {
      session: { maxRuns: 2, maxAgeHours: 0, maxContextTokens: 0 },
    });
    await scene.run();
    await scene.run();

    const third = await scene.run();

    assert.equal(third.sessionId, `of-${third.id}`);
    assert.match(scene.readLog(third.id), /^\n\[Reveille begins a new conversation .* limit of 2 runs\]\n/);
    assert.match(
      scene.lastRequest.prompt,
      /2 runs in 0 hours, that has reached its limit of 2 runs[^]*> step 2\n\n> step 1\n/,
    );
    await scene.run();
    assert.doesNotMatch(scene.lastRequest.prompt, /conversation before/);
  });

  it('give a conversation up that has grown too long, and tell the next one what it came to', async () => {
    await using scene = await SessionScene.open(talks);
    await scene.run();
    scene.define('echo "session $SESSION"; echo "said hm"; echo "failure context_full"; exit 1');
    assert.equal((await scene.run()).errorCode, 'context_full');
    scene.define(talks);

    await scene.run();

    assert.match(scene.lastRequest.prompt, /grown too long for its model[^]*> done/);
    assert.equal(scene.lastRequest.session, null);
  });

  it('begin anew after the working directory or the adapter changed', async () => {
    await using scene = await SessionScene.open(talks);
    const first = await scene.run();
    scene.define(talks, { cwd: '/' });
    const moved = await scene.run();
    assert.match(scene.readLog(moved.id), /belongs to .*, and the agent works in \/ now/);
    assert.equal(scene.lastRequest.session, null);

    scene.define(talks, { cwd: '/', adapter: 'codex_local' });
    const other = await scene.run();
    assert.match(scene.readLog(other.id), /that was led by claude_local, and the agent's adapter is codex_local now/);
    assert.equal(other.sessionId, `of-${other.id}`);

    scene.define(talks, { cwd: '/' });
    assert.equal((await scene.run()).sessionId, moved.sessionId, 'the first adapter goes on where it was');
    assert.notEqual(moved.sessionId, first.sessionId);
  });

  it('do not save a conversation back that was reset meanwhile', async () => {
    await using scene = await SessionScene.open(talks);
    await scene.run();
    scene.define(`${talks} while [ ! -e go ]; do sleep 0.05; done`, {});
    const { runId, ended } = scene.begin();
    await until(() => existsSync(join(scene.logs, `${runId}.log`)) && scene.readLog(runId).includes('context'));
    scene.fixture.state.commit((transaction) => {
      deleteSessions(transaction, 'a', 'T');
    });
    scene.executor.cancel(runId, 'cancelled_by_user');
    await ended;

    assert.equal(scene.session(), undefined);
    scene.define(talks);
    await scene.run();
    assert.deepEqual([scene.lastRequest.session, scene.lastRequest.sessionRun], [null, 1]);
  });

  it('begin anew where a person wants it, say so, and are handed nothing over', async () => {
    await using scene = await SessionScene.open(talks, { bootstrapPromptTemplate: 'All.', promptTemplate: 'More.' });
    const first = await scene.run();

    const second = await scene.run({ isFresh: true });

    assert.deepEqual([scene.lastRequest.session, scene.lastRequest.sessionRun], [null, 1]);
    assert.match(scene.lastRequest.prompt, /^All\./);
    assert.doesNotMatch(scene.lastRequest.prompt, /What happened before/);
    assert.match(
      scene.readLog(second.id),
      new RegExp(`^\\n?\\[Reveille begins a new conversation in the place of of-${first.id}, as was asked for\\]`),
    );
    assert.deepEqual([scene.session()?.sessionId, scene.session()?.runs], [`of-${second.id}`, 1]);
    assert.equal((await scene.run()).sessionId, `of-${second.id}`);
    await scene.run({ taskKey: 'U', isFresh: true });
    assert.doesNotMatch(scene.readLog(scene.lastRequest.runId), /Reveille/);
  });

  it('go on with the conversation that a lost run had noted', async () => {
    await using scene = await SessionScene.open(talks, { resumable: true });
    const { fixture } = scene;
    const lost = fixture.ask({ taskKey: 'T' }).runId ?? '';
    fixture.queue.claim(lost, { commandLine: 'sh', cwd: scene.folder });
    fixture.state.commit((transaction) => {
      transaction.run('UPDATE run SET session_id = ? WHERE id = ?', ['noted', lost]);
    });
    writeFileSync(join(scene.logs, `${lost}.log`), 'so far');
    await recoverLostRuns({
      runs: listRunningRuns(fixture.store),
      trees: { endLostRun: () => Promise.resolve(0) } as never,
      clock: fixture.clock,
      logger: new TestLogger(),
      logsDirectory: scene.logs,
      originOf: () => null,
      settle: (runId, settlement, isDelivered) => {
        fixture.queue.settle(runId, settlement, isDelivered);
      },
    });

    const run = await scene.run();

    assert.deepEqual([run.attempt, run.sessionId, scene.lastRequest.session], [2, 'noted', { id: 'noted' }]);
    assert.equal(scene.session()?.runs, 2);
  });
});

async function until(condition: () => boolean): Promise<void> {
  for (let round = 0; round < 400 && !condition(); round += 1) await sleep(25);
  assert.ok(condition(), 'It did not come to that.');
}
