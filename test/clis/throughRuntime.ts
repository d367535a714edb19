import assert from 'node:assert/strict';
import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { commandsOf } from '../support/cliProgram.ts';
import type { CliAgent, CliSetup } from '../support/cliSetup.ts';
import { sleep, sleepAfter, useCliStage, type StageTest } from '../support/cliStage.ts';
import { anthropicError, openAiError } from '../support/providerErrors.ts';
import { sumUsage, withReplies, type Reply } from '../support/replyScript.ts';
import { offerBoardSecret } from './board.ts';
import { assertCharged, assertNowhereIn, assertSucceeded, sessionFiles, usageOf } from './endedRuns.ts';

/** How providers refuse a conversation that has become inconsistent. */
const refusals = {
  claude: anthropicError(
    400,
    'invalid_request_error',
    'messages.1: `tool_use` ids were found without `tool_result` blocks immediately after: toolu_01.',
  ),
  codex: openAiError(400, 'invalid_request_error', 'No tool output found for function call call_1.'),
};

const tooLong: Readonly<Record<'claude' | 'codex', Reply>> = {
  claude: anthropicError(400, 'invalid_request_error', 'prompt is too long: 210000 tokens > 200000 maximum'),
  codex: { ending: { kind: 'context_length_exceeded', message: 'Too long.' } },
};

/** What is the same for both: how a real CLI lives and dies as an agent of a whole runtime. */
export function describeThroughRuntime(
  name: 'claude' | 'codex',
  toAgents: (setup: CliSetup) => Readonly<Record<'coder' | 'hasty' | 'resilient' | 'clerk', CliAgent>>,
  testOwn: (test: StageTest) => void,
): void {
  describe(`the real ${name} as an agent of a runtime`, function () {
    this.timeout(90_000);
    const test = useCliStage(name, toAgents);

    test('works off a wake, and is charged what its provider gave out', async (stage) => {
      const usage = { inputTokens: 10, outputTokens: 20, cacheReadTokens: 30, cacheWriteTokens: 40 };
      const replies: Reply[] = [{ call: { shell: 'touch made' } }, { text: 'All is well.', usage }];
      const ended = await stage.run('coder', replies, { prompt: 'How is it?' });
      assertSucceeded(ended);
      assert.equal(ended.run.message, 'All is well.');
      assert.equal(ended.requests.length, 2);
      assert.match(ended.requests[0] ?? '', /How is it\?/);
      assert(existsSync(join(stage.place.folder, 'made')));
      assert.deepEqual([ended.run.adapter, sessionFiles(stage, ended.run.sessionId).length], [`${name}_local`, 1]);
      assert.deepEqual(usageOf(ended), {
        inputTokens: 1080,
        cachedTokens: 430,
        cacheWriteTokens: 40,
        outputTokens: 320,
      });
      assertCharged(ended);
    });

    test('goes on with its conversation at the next wake for the same task, which is charged by itself', async (stage) => {
      const first = await stage.run('coder', [{ text: 'One.' }], { prompt: 'First.', taskKey: 'resumed' });
      const second = await stage.run('coder', [{ text: 'Two.' }], { prompt: 'Second.', taskKey: 'resumed' });
      assertSucceeded(second);
      assert.equal(second.run.sessionId, first.run.sessionId);
      assert.match(second.requests.join(), /First\.[^]*One\.[^]*Second\./);
      assert.deepEqual([second.run.message, usageOf(second)?.inputTokens], ['Two.', 1000]);
      assertCharged(second);
    });

    test('works on an issue, and goes on with that conversation when somebody comments on it', async (stage) => {
      const { connection } = stage.window;
      let issueId = '';
      const begun = await stage.begin(async () => {
        const { issue, wake } = await connection.request('issue.create', {
          title: 'Mend the fence',
          assignee: 'coder',
        });
        issueId = issue.id;
        return wake?.runId;
      });
      const first = await stage.settled(begun);
      const text = withReplies('It still leans.', [{ text: 'Now it stands.' }]);
      const told = await stage.begin(async () => {
        const { wakes } = await connection.request('issue.comment', { issueId, text });
        return wakes[0]?.runId;
      });
      const second = await stage.settled(told);
      assertSucceeded(first);
      assertSucceeded(second);
      assert.deepEqual([second.run.issueId, second.run.sessionId], [issueId, first.run.sessionId]);
      assert.match(first.requests.join(), /Mend the fence/);
      assert.match(second.requests.join(), /Mend the fence[^]*Done\.[^]*It still leans\./);
      assert.equal(second.run.message, 'Now it stands.');
    });

    test('keeps the conversations of tasks apart', async (stage) => {
      const first = await stage.run('coder', [{ text: 'One.' }], { prompt: 'Of the one task.', taskKey: 'one' });
      const other = await stage.run('coder', [{ text: 'Two.' }], { taskKey: 'other' });
      assert.notEqual(other.run.sessionId, first.run.sessionId);
      assert.doesNotMatch(other.requests.join(), /Of the one task/);
    });

    test('begins a new conversation, once and in the same run, where the old one is lost', async (stage) => {
      const first = await stage.run('coder', [{ text: 'One.' }], { prompt: 'First.', taskKey: 'lost' });
      const files = sessionFiles(stage, first.run.sessionId);
      assert.equal(files.length, 1);
      for (const file of files) rmSync(file);
      const second = await stage.run('coder', [{ text: 'Two.' }], { prompt: 'Second.', taskKey: 'lost' });
      assertSucceeded(second);
      assert.notEqual(second.run.sessionId, first.run.sessionId);
      const place = `begins a new conversation in the place of ${first.run.sessionId}, that the agent's program does not know any more`;
      assert.equal(second.log.split(place).length, 2, 'said once');
      assert.equal(second.requests.length, 1);
      assert.match(second.requests[0] ?? '', /Second\./);
      assertCharged(second);
      const third = await stage.run('coder', [{ text: 'Three.' }], { taskKey: 'lost' });
      assert.equal(third.run.sessionId, second.run.sessionId);
    });

    test('begins a new conversation, in the same run, where the provider refuses the old one', async (stage) => {
      const first = await stage.run('coder', [{ text: 'One.', poison: refusals[name] }], { taskKey: 'broken' });
      const second = await stage.run('coder', [{ text: 'Two.' }], { taskKey: 'broken' });
      assertSucceeded(second);
      assert.equal(second.run.message, 'Two. Its conversation could not be gone on with, so it began a new one.');
      assert.notEqual(second.run.sessionId, first.run.sessionId);
      const place = `begins a new conversation in the place of ${first.run.sessionId}, that the agent's program could not go on with`;
      assert.equal(second.log.split(place).length, 2, 'said once');
      // claude tries to mend its history first, a few times.
      assert(second.requests.length >= 2 && second.requests.length < 10);
      assertCharged(second);
    });

    test('gives up a conversation that is too long for its model', async (stage) => {
      const first = await stage.run('coder', [tooLong[name]], { prompt: 'First.', taskKey: 'long' });
      assert.deepEqual([first.run.status, first.run.errorCode], ['failed', 'context_full']);
      const second = await stage.run('coder', [{ text: 'Two.' }], { taskKey: 'long' });
      assertSucceeded(second);
      assert.notEqual(second.run.sessionId, first.run.sessionId);
      assert.doesNotMatch(second.requests.join(), /First\./);
    });

    test('uses tools of a server by a secret, which shows nowhere', async (stage) => {
      const { setup, place, window } = stage;
      await offerBoardSecret(stage);
      const call = { server: 'board', tool: 'comment', input: { issue: 7, text: 'Looked into it.' } };
      const begun = await stage.wake('clerk', [{ call }, { call: { shell: 'env' } }, sleepAfter('using')]);
      await stage.untilAsleep(begun, 'using');
      const commands = await commandsOf(begun.id);
      assertNowhereIn(place.path, setup.board.token);
      await window.connection.request('run.cancel', { runId: begun.id });
      const ended = await stage.settled(begun);

      assert.deepEqual(setup.board.calls.at(-1), { tool: 'comment', input: call.input });
      assert.deepEqual(setup.board.refused, []);
      assert(commands.some((command) => command.includes(name)));
      assert.doesNotMatch(commands.join('\n'), new RegExp(setup.board.token));
      assert.match(ended.log, /\[secret BOARD_AUTHORIZATION\]/, 'it was put out');
      assert.doesNotMatch(ended.log, new RegExp(setup.board.token));
      assertNowhereIn(place.path, setup.board.token);
    });

    test('ends with its command when the run is cancelled', async (stage) => {
      const begun = await stage.wake('coder', [sleepAfter('cancelling')]);
      await stage.untilAsleep(begun, 'cancelling');
      await stage.window.connection.request('run.cancel', { runId: begun.id });
      const ended = await stage.settled(begun);
      assert.deepEqual([ended.run.status, ended.run.errorCode], ['cancelled', 'cancelled_by_user']);
      assert.deepEqual(await commandsOf(begun.id), []);
      assertCharged(ended);
    });

    test('ends with its command at the time limit', async (stage) => {
      const begun = await stage.wake('hasty', [sleepAfter('hurrying')]);
      const ended = await stage.settled(begun);
      assert.deepEqual([ended.run.status, ended.run.errorCode], ['timed_out', 'timeout']);
      assert(existsSync(join(stage.place.folder, 'hurrying')), 'its command had begun');
      assert.deepEqual(await commandsOf(begun.id), []);
      assertCharged(ended);
    });

    testOwn(test);

    test('is ended when its runtime is killed, at a command or in the middle of an answer, and tried again if it may', async (stage) => {
      const { window, place } = stage;
      const once = `[ -e again ] || { touch again; ${sleep}; }`;
      const begun = await stage.wake('resilient', [{ call: { shell: once } }, { text: 'At last.' }], {
        taskKey: 'killed',
      });
      await stage.untilAsleep(begun, 'again');
      const talking = await stage.wake('coder', [{ text: 'I begin to say', ending: 'hang' }]);
      await stage.untilAsked(talking);
      const { pid } = window;
      process.kill(pid, 'SIGKILL');
      await window.untilReplaced(pid, 30_000);
      const [lost, silenced] = [await stage.settled(begun), await stage.settled(talking)];
      for (const { run } of [lost, silenced]) {
        assert.deepEqual([run.status, run.errorCode], ['failed', 'process_lost']);
        assert.deepEqual(await commandsOf(run.id), []);
      }
      assert(existsSync(join(place.folder, 'again')));
      assertCharged(lost, sumUsage([{}]));
      const isNext = (run: { readonly chainId: string | null }): boolean => run.chainId === begun.id;
      await window.until(({ state }) => [...(state?.runs.values() ?? [])].some(isNext));
      const next = [...window.state.runs.values()].find(isNext);
      const second = await stage.settled(await stage.begin(() => Promise.resolve(next?.id)));
      assertSucceeded(second);
      assert.deepEqual([second.run.attempt, second.run.message], [2, 'At last.']);
      assert.notEqual(lost.run.sessionId, null);
      assert.equal(second.run.sessionId, lost.run.sessionId);
    });
  });
}
