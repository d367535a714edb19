import assert from 'node:assert/strict';
import { poll } from '../support/poll.ts';
import { ConformanceStage } from './conformanceStage.ts';
import { secretValue, type ConformanceSubject } from './conformanceSubject.ts';

/** Real runs, through the executor and the driver of the plan. */
export function describeRuns(subject: ConformanceSubject): void {
  const { adapter, ends } = subject;

  it('succeeds if its program says so in its way, and has what that told of usage and conversation', async () => {
    await using stage = await ConformanceStage.open(subject);
    const definition = stage.actor.define('works');
    const { resume, usage } = adapter.capabilities(definition);
    const run = await stage.run(definition);
    assert.deepEqual([run.status, run.errorCode], ['succeeded', null]);
    assert.equal(run.sessionId !== null, resume, 'its conversation');
    assert.equal(run.usage !== null, usage !== 'none', 'its usage');
  });

  it('is told its whole prompt, its secrets, and nothing of the environment of the runtime', async () => {
    await using stage = await ConformanceStage.open(subject);
    const text = 'Please – do it: "€ $HOME" '.repeat(10_000);
    process.env['CONFORMANCE_CANARY'] = 'must not be passed on';
    await stage.run(stage.actor.define('works'), text);
    delete process.env['CONFORMANCE_CANARY'];
    const [call] = stage.actor.calls();
    assert.ok(call);
    assert.ok(call.prompt.includes(text.trim()), 'the prompt did not arrive as it was');
    assert.ok(call.env === null || Object.values(call.env).includes(secretValue));
    assert.equal(call.env?.['CONFORMANCE_CANARY'], undefined);
  });

  it('goes on with the conversation of its last run, if it can', async () => {
    await using stage = await ConformanceStage.open(subject);
    const definition = stage.actor.define('works');
    const first = await stage.run(definition);
    const second = await stage.run(definition);
    assert.equal(second.status, 'succeeded');
    assert.deepEqual(
      stage.actor.calls().map(({ session }) => session),
      [null, first.sessionId],
    );
    assert.equal(second.sessionId, first.sessionId);
  });

  it('is not led astray by other lines, ends of lines as on Windows, or 5 MB in one line', async () => {
    await using stage = await ConformanceStage.open(subject);
    const run = await stage.run(stage.actor.define('noisy'));
    assert.deepEqual([run.status, run.errorCode], ['succeeded', null]);
  });

  for (const scene of ['fails', 'silent', 'breaks'] as const) {
    const expected = ends[scene];
    it(`comes out as ${expected ?? 'a success'} if its program ${scene === 'silent' ? 'is silent' : scene}`, async () => {
      await using stage = await ConformanceStage.open(subject);
      const definition = stage.actor.define(scene);
      const run = await stage.run(definition);
      assert.deepEqual([run.status, run.errorCode], [expected === null ? 'succeeded' : 'failed', expected]);
      assert.ok(expected === null || (run.message ?? '').length > 20, 'it does not say what happened');
      const isByExit = adapter.capabilities(definition).success === 'exit';
      assert.equal(ends.silent === null, isByExit, 'a success is what its capabilities say');
    });
  }

  if (subject.canForget) {
    it('begins anew, once and in the same run, if its program does not know its conversation any more', async () => {
      await using stage = await ConformanceStage.open(subject);
      const first = await stage.run(stage.actor.define('works'));
      const second = await stage.run(stage.actor.define('forgets'));
      assert.deepEqual([second.status, second.errorCode], ['succeeded', null]);
      assert.deepEqual(
        stage.actor.calls().map(({ session }) => session),
        [null, first.sessionId, null],
      );
      assert.match(stage.readLog(second.id), /\[Reveille begins a new conversation in the place of/);
    });
  }

  for (const [end, timeoutSec] of [
    ['cancelled', 0],
    ['timed_out', 2],
  ] as const) {
    it(`is ${end} with all that it has started, though its program does not listen`, async () => {
      await using stage = await ConformanceStage.open(subject);
      const definition = { ...stage.actor.define('deaf'), graceSec: 1, timeoutSec };
      const { runId, ended } = stage.begin(definition);
      await poll(() => stage.readLog(runId).includes('ready'), 'its program is ready');
      const at = performance.now();
      if (end === 'cancelled') stage.executor.cancel(runId, 'cancelled_by_user');
      assert.equal((await ended).status, end);
      assert.ok(performance.now() - at < 10_000);
    });
  }

  it('starts nothing if it is cancelled before it starts', async () => {
    await using stage = await ConformanceStage.open(subject);
    const { runId, ended } = stage.begin(stage.actor.define('works'));
    stage.executor.cancel(runId, 'cancelled_by_user');
    assert.deepEqual([(await ended).status, stage.actor.calls().length], ['cancelled', 0]);
  });
}
