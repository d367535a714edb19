import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Question, Run } from '../../src/runtime/model.ts';
import { TestRuntime, type TestRuntimeOptions } from '../support/openTestRuntime.ts';
import { poll } from '../support/poll.ts';
import { fixtureProgram } from '../support/testRuns.ts';

/** An agent that asks, and goes on with the answer: the example of docs/process-protocol.md. */
const asking = (settings = '') => `
agents:
  asks:
    adapter: process
    protocol: jsonl
    command: ${process.execPath}
    args: [${fixtureProgram('asks.mjs')}]
    shareCwd: true
    graceSec: 1
${settings}
  other:
    adapter: process
    command: sh
    args: [-c, 'echo done > other-was-here']
    shareCwd: true
`;

async function openAsking(settings = '', options: TestRuntimeOptions = {}): Promise<TestRuntime> {
  return TestRuntime.open({ configuration: asking(settings), slots: 1, ...options });
}

/** Wakes the agent, and waits until its question is known. */
async function ask(runtime: TestRuntime): Promise<{ runId: string; question: Question }> {
  const runId = await runtime.wake('asks', { taskKey: 'task' });
  await runtime.until((state) => [...state.questions.values()].some((question) => question.runId === runId));
  const question = [...runtime.state.questions.values()].find((one) => one.runId === runId);
  assert.ok(question);
  return { runId, question };
}

const runOf = (runtime: TestRuntime, runId: string): Run | undefined => runtime.state.runs.get(runId);

async function actionsOf(runtime: TestRuntime): Promise<string[]> {
  const { entries } = await runtime.connection.request('activity.list', { limit: 200 });
  return entries.map(({ actor, action, text }) => `${actor} ${action} ${text ?? ''}`.trim()).reverse();
}

describe('A question of a run', function () {
  this.timeout(60_000);

  it('is asked, waited for, answered, and gone on with', async () => {
    await using runtime = await openAsking();
    const { runId, question } = await ask(runtime);

    assert.deepEqual([question.text, question.choices, question.agent], ['Which design?', ['plain', 'fancy'], 'asks']);
    assert.notEqual(runOf(runtime, runId)?.waitingSince, null);
    assert.equal(runOf(runtime, runId)?.message, 'Looking at the two designs');
    const { message } = await runtime.connection.request('question.answer', {
      questionId: question.id,
      answer: 'plain',
    });
    const run = await runtime.settled(runId);

    assert.equal(message, 'asks goes on with your answer.');
    assert.deepEqual([run.status, run.message, run.waitingSince], ['succeeded', 'Went on with: plain', null]);
    assert.equal(runtime.state.questions.size, 0);
    const actions = await actionsOf(runtime);
    assert.ok(actions.includes('agent:asks question.asked Which design?'), actions.join('\n'));
    assert.ok(actions.includes('user:window question.answered plain'), actions.join('\n'));
    const span = { from: Date.now() - 3_600_000, to: Date.now() + 3_600_000 };
    const { groups } = await runtime.connection.request('usage.query', { ...span, groupBy: 'model' });
    assert.deepEqual(
      groups.map(({ key, tokens, costMicros }) => [key, tokens, costMicros]),
      [['example', { input: 1200, cached: 0, cacheWrite: 0, output: 80 }, 12_000]],
    );
    await assert.rejects(
      runtime.connection.request('question.answer', { questionId: question.id, answer: 'fancy' }),
      /answered already/,
    );
  });

  it('frees the slot of its run while it waits', async () => {
    await using runtime = await openAsking();
    const { runId, question } = await ask(runtime);

    const other = await runtime.settled(await runtime.wake('other'));
    assert.equal(other.status, 'succeeded');
    assert.equal(runOf(runtime, runId)?.status, 'running');
    await runtime.connection.request('question.answer', { questionId: question.id, answer: 'plain' });
    assert.equal((await runtime.settled(runId)).status, 'succeeded');
  });

  it('is put off when nobody answers in time; the answer then wakes the agent in the same session', async () => {
    await using runtime = await openAsking('    waitSec: 1');
    const { runId, question } = await ask(runtime);

    const run = await runtime.settled(runId);
    assert.deepEqual([run.status, run.waitingSince], ['succeeded', null]);
    assert.match(await runtime.readLog(runId), /"usage"/);
    assert.deepEqual([...runtime.state.questions.keys()], [question.id]);
    const { message } = await runtime.connection.request('question.answer', {
      questionId: question.id,
      answer: 'fancy one',
    });
    assert.match(message, /asks (was woken|is queued)/);
    await runtime.until((state) => [...state.runs.values()].filter(({ agent }) => agent === 'asks').length === 2);
    const next = [...runtime.state.runs.values()].find(({ id, agent }) => agent === 'asks' && id !== runId);
    const second = await runtime.settled(next?.id ?? '');
    assert.deepEqual(
      [second.taskKey, second.source, second.status, second.message],
      ['task', 'automation', 'succeeded', 'Went on with: fancy one'],
    );
    assert.equal(runtime.state.questions.size, 0);
  });

  it('is put off at once when the agent never waits, and while no window could answer', async () => {
    await using runtime = await openAsking('    waitSec: 0');
    const { runId } = await ask(runtime);
    assert.equal((await runtime.settled(runId)).status, 'succeeded');
    assert.equal(runtime.state.questions.size, 1);

    await using second = await openAsking();
    const client = second.connect({ kind: 'cli', isTrusted: true });
    await client.request('runtime.status', {});
    second.connection.dispose();
    await poll(async () => (await client.request('runtime.status', {})).mode === 'running', 'it answers');
    const { runId: alone } = await client.request('agent.wake', { agent: 'asks' });
    await poll(async () => (await client.request('run.get', { runId: alone ?? '' })).finishedAt !== null, 'it ended');
    const { questions } = await client.request('question.list', { limit: 10 });
    assert.deepEqual(
      questions.map(({ text, runId: of }) => [text, of]),
      [['Which design?', alone]],
    );
    client.dispose();
  });

  it('outlives the runtime', async () => {
    await using runtime = await openAsking();
    const { runId, question } = await ask(runtime);

    await runtime.restart();
    await runtime.until((state) => state.runs.get(runId)?.finishedAt !== null);
    assert.deepEqual([runOf(runtime, runId)?.status, runOf(runtime, runId)?.waitingSince], ['cancelled', null]);
    assert.deepEqual([...runtime.state.questions.keys()], [question.id]);
    await runtime.connection.request('question.answer', { questionId: question.id, answer: 'plain' });
    await runtime.until((state) => [...state.runs.values()].some(({ message }) => message === 'Went on with: plain'));
  });

  it('is withdrawn with its run, and can be dismissed', async () => {
    await using runtime = await openAsking();
    const first = await ask(runtime);
    await runtime.connection.request('run.cancel', { runId: first.runId });
    await runtime.settled(first.runId);
    assert.equal(runtime.state.questions.size, 0);
    await assert.rejects(
      runtime.connection.request('question.answer', { questionId: first.question.id, answer: 'plain' }),
      /withdrawn/,
    );

    const second = await ask(runtime);
    await runtime.connection.request('question.dismiss', { questionId: second.question.id });
    await runtime.until((state) => state.runs.get(second.runId)?.waitingSince === null);
    assert.equal(runtime.state.questions.size, 0);
    assert.equal((await runtime.settled(second.runId)).status, 'succeeded');
  });

  it('is asked once: the same question of a later run takes its place', async () => {
    await using runtime = await openAsking('    waitSec: 0');
    const first = await ask(runtime);
    await runtime.settled(first.runId);
    const second = await ask(runtime);
    await runtime.settled(second.runId);
    assert.deepEqual([...runtime.state.questions.keys()], [second.question.id]);
  });

  it('is not for an untrusted window to answer', async () => {
    await using runtime = await openAsking();
    const { question } = await ask(runtime);
    const untrusted = runtime.connect({ kind: 'window', isTrusted: false });
    const questionId = question.id;
    await assert.rejects(untrusted.request('question.answer', { questionId, answer: 'x' }), /not trusted/);
    await assert.rejects(untrusted.request('question.dismiss', { questionId }), /not trusted/);
    untrusted.dispose();
    assert.equal(existsSync(join(runtime.folder.path, 'other-was-here')), false);
  });

  it('is withdrawn when its agent is terminated, though its run has ended', async () => {
    await using runtime = await openAsking('    waitSec: 0');
    const { runId, question } = await ask(runtime);
    await runtime.settled(runId);

    await runtime.connection.request('agent.terminate', { agent: 'asks' });

    await runtime.until((state) => !state.questions.has(question.id));
    await assert.rejects(runtime.connection.request('question.answer', { questionId: question.id, answer: 'plain' }), {
      kind: 'refused',
    });
  });
});
