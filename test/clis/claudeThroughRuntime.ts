import assert from 'node:assert/strict';
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { claudeAdapter } from '../../src/runtime/adapters/claudeLocal.ts';
import type { AgentEvent } from '../../src/runtime/adapters/events.ts';
import type { CliSetup } from '../support/cliSetup.ts';
import type { EndedRun, StageTest } from '../support/cliStage.ts';
import { anthropicError, anthropicSubscriptionLimit } from '../support/providerErrors.ts';
import type { Reply } from '../support/replyScript.ts';
import { makeClaudeAgent } from '../support/claudeAgent.ts';
import { boardServer, offerBoardSecret } from './board.ts';
import { assertHeld, nextAttemptOf } from './laterRuns.ts';
import { assertCharged, assertSucceeded, usageOf } from './endedRuns.ts';

const tools = ['Bash'];
/** Nothing answers there. */
const nowhere = 'http://127.0.0.1:9/mcp';

/** What a log tells, as its adapter reads it. */
function eventsOf({ log }: EndedRun): readonly AgentEvent[] {
  const reader = claudeAdapter.read(makeClaudeAgent());
  assert(reader);
  return [...reader.push(Buffer.from(log), 'out'), ...reader.end()];
}

/** Cost as claude prints it itself, in micro-dollars. */
function printedCost({ log }: EndedRun): number {
  const results = log
    .split('\n')
    .filter((line) => line.startsWith('{"type":"result"') || line.includes('"type":"result"'));
  const costs = results.flatMap((line) => {
    const said = JSON.parse(line) as { model_usage_since_last_result: Record<string, { costUSD: number }> };
    return Object.values(said.model_usage_since_last_result).map(({ costUSD }) => costUSD);
  });
  return Math.round(costs.reduce((sum, cost) => sum + cost, 0) * 1e6);
}

export const claudeAgents = (setup: CliSetup) => {
  const mcpServers = { board: boardServer(setup) };
  return {
    coder: { tools },
    hasty: { tools, timeoutSec: 6 },
    resilient: { tools, retries: 1 },
    clerk: { tools: [...tools, 'mcp__board'], mcpServers },
    asker: { mcpServers, permissionTool: 'mcp__board__permission_prompt' },
    brief: { tools, maxTurns: 2 },
    lonely: { mcpServers: { board: { url: nowhere } } },
    local: { projectSettings: true },
    busy: { tools, env: { CLAUDE_CODE_DISABLE_BACKGROUND_TASKS: '' } },
    subscriber: { env: { ANTHROPIC_API_KEY: '', CLAUDE_CODE_OAUTH_TOKEN: 'sk-ant-oat01-fake' } },
    throttled: {},
    overloaded: { retries: 1 },
    nobody: { env: { ANTHROPIC_API_KEY: '' } },
    stranger: {},
  };
};

/** What is claude's alone. */
export function testClaude(test: StageTest): void {
  testPermissions(test);
  testSettings(test);
  testResults(test);
  testFailures(test);
  testLimits(test);
}

function testPermissions(test: StageTest): void {
  for (const [what, name, isAllowed] of [
    ['does what was allowed', 'allowed', true],
    ['leaves what was denied, and goes on', 'refused', false],
  ] as const) {
    test(`asks the tool for permissions, and ${what}`, async (stage) => {
      await offerBoardSecret(stage);
      const before = stage.setup.board.calls.length;
      const ended = await stage.run('asker', [{ call: { shell: `touch ${name}` } }, { text: 'Went on.' }]);
      const asked = stage.setup.board.calls.slice(before).map(({ tool, input }) => {
        return [tool, (input as { tool_name: string }).tool_name];
      });
      assert.deepEqual(asked, [['permission_prompt', 'Bash']]);
      assert.equal(existsSync(join(stage.place.folder, name)), isAllowed);
      assertSucceeded(ended);
      assert.equal(ended.run.message, 'Went on.');
      const denied = eventsOf(ended).filter(({ kind }) => kind === 'notice');
      assert.deepEqual(denied, isAllowed ? [] : [{ kind: 'notice', text: 'Bash was not allowed.' }]);
      assertCharged(ended);
    });
  }

  test('ends where the tool for permissions says so', async (stage) => {
    await offerBoardSecret(stage);
    const ended = await stage.run('asker', [{ call: { shell: 'touch stopped' } }, { text: 'Went on.' }]);
    assert.deepEqual([ended.run.status, ended.run.errorCode], ['failed', 'permission_missing']);
    assert.equal(existsSync(join(stage.place.folder, 'stopped')), false);
    assert.equal(ended.requests.length, 1);
  });

  test('does nothing that nobody allowed, where there is no tool for permissions', async (stage) => {
    const ended = await stage.run('throttled', [{ call: { shell: 'touch unasked' } }, { text: 'Went on.' }]);
    assertSucceeded(ended);
    assert.equal(existsSync(join(stage.place.folder, 'unasked')), false);
    assert(eventsOf(ended).some((event) => event.kind === 'notice' && event.text.startsWith('Bash was not allowed')));
  });
}

function testSettings(test: StageTest): void {
  test('runs no hook of the folder, unless the agent may read its settings', async (stage) => {
    const settings = join(stage.place.folder, '.claude');
    const hook = { hooks: [{ type: 'command', command: 'touch hooked' }] };
    mkdirSync(settings);
    writeFileSync(join(settings, 'settings.json'), JSON.stringify({ hooks: { UserPromptSubmit: [hook] } }));
    const hooked = join(stage.place.folder, 'hooked');
    assertSucceeded(await stage.run('coder', []));
    assert.equal(existsSync(hooked), false);
    await stage.window.acceptAll();
    assertSucceeded(await stage.run('local', []));
    rmSync(settings, { recursive: true });
    assert.equal(existsSync(hooked), true);
  });

  test('says that a server of tools is not there, and goes on', async (stage) => {
    const ended = await stage.run('lonely', [{ text: 'Without.' }]);
    assertSucceeded(ended);
    const text = 'The MCP server board could not be reached: its tools are missing.';
    assert.deepEqual(
      eventsOf(ended).filter(({ kind }) => kind === 'notice'),
      [{ kind: 'notice', text }],
    );
  });
}

function testResults(test: StageTest): void {
  test('costs what claude says', async (stage) => {
    const usage = { inputTokens: 100, outputTokens: 200, cacheReadTokens: 3000, cacheWriteTokens: 4000 };
    const first = await stage.run('coder', [{ text: 'One.', usage }], { taskKey: 'costs' });
    const second = await stage.run('coder', [{ text: 'Two.', usage }], { taskKey: 'costs' });
    for (const ended of [first, second]) {
      const [model, ...others] = ended.run.usage?.models ?? [];
      assert.deepEqual([model?.costMicros, model?.isListPrice, others], [printedCost(ended), false, []]);
      assert((model?.costMicros ?? 0) > 0);
      assert.equal(ended.run.usage?.turns, 1);
    }
    assert.equal(printedCost(second), printedCost(first));
  });

  test('is charged for all results of one run, and comes out as the last one says', async (stage) => {
    const input = { command: 'sleep 1; echo over', description: 'Waits', run_in_background: true };
    const replies: Reply[] = [{ call: { tool: 'Bash', input } }, { text: 'It works behind me.' }];
    const ended = await stage.run('busy', replies);
    const results = eventsOf(ended).filter(({ kind }) => kind === 'result');
    assert.equal(results.length, 2);
    assertSucceeded(ended);
    assert.equal(ended.requests.length, 3);
    assertCharged(ended);
  });

  test('ends at the most turns that it may take', async (stage) => {
    const again: Reply = { call: { shell: 'echo again' } };
    const ended = await stage.run('brief', [again, again, again, { text: 'Done.' }]);
    assert.deepEqual([ended.run.status, ended.run.errorCode], ['failed', 'turn_limit']);
    assert.equal(ended.requests.length, 2);
    assertCharged(ended);
  });

  test('ends in the middle of an answer when it is cancelled, and is charged what the answer had begun with', async (stage) => {
    const begun = await stage.wake('coder', [{ text: 'I begin to say', ending: 'hang' }]);
    await stage.untilAsked(begun);
    await stage.untilSaid(begun, 'init');
    await stage.window.connection.request('run.cancel', { runId: begun.id });
    const ended = await stage.settled(begun);
    assert.equal(ended.run.status, 'cancelled');
    assert.deepEqual([usageOf(ended)?.inputTokens, usageOf(ended)?.cachedTokens], [1000, 400]);
  });
}

function testFailures(test: StageTest): void {
  const passing: readonly (readonly [string, Reply])[] = [
    ['an overloaded provider', anthropicError(529, 'overloaded_error', 'Overloaded')],
    ['a failing provider', anthropicError(500, 'api_error', 'Oh.')],
  ];
  for (const [what, reply] of passing) {
    test(`tries ${what} a few times itself, then leaves it to another attempt`, async (stage) => {
      const ended = await stage.run('overloaded', [reply]);
      assert.deepEqual([ended.run.status, ended.run.errorCode], ['failed', 'temporary_failure']);
      assert.equal(ended.requests.length, 3);
      const next = nextAttemptOf(stage, ended);
      assert.deepEqual([next?.attempt, next?.status, next?.heldFor], [2, 'queued', 'retry']);
      assert((next?.notBefore ?? 0) > (ended.run.finishedAt ?? 0) + 20_000);
    });
  }

  test('is not logged in without a key', async (stage) => {
    const ended = await stage.run('nobody', []);
    assert.deepEqual([ended.run.status, ended.run.errorCode], ['failed', 'login_required']);
    assert.match(ended.run.message ?? '', /Log in with its own program in a terminal/);
    assert.equal(ended.requests.length, 0);
    assert.equal(ended.run.usage, null);
  });

  test('is given up at once when its key is refused', async (stage) => {
    const ended = await stage.run('stranger', [anthropicError(401, 'authentication_error', 'invalid x-api-key')]);
    assert.deepEqual([ended.run.status, ended.run.errorCode], ['failed', 'login_required']);
    assert(ended.requests.length <= 2, 'it tries ten times by itself');
  });
}

function testLimits(test: StageTest): void {
  test('waits until the limit of a subscription is over', async (stage) => {
    const resetsAt = Math.floor(Date.now() / 1000) + 3600;
    const ended = await stage.run('subscriber', [anthropicSubscriptionLimit(resetsAt)]);
    assert.match(ended.run.message ?? '', new RegExp(new Date(resetsAt * 1000).toISOString()));
    assert.equal(await assertHeld(stage, ended, 'subscriber'), resetsAt * 1000);
  });

  test('waits for a while where a limit does not say until when', async (stage) => {
    const ended = await stage.run('throttled', [anthropicError(429, 'rate_limit_error', 'Too many requests.', 3600)]);
    const until = await assertHeld(stage, ended, 'throttled');
    assert.equal(until, (ended.run.finishedAt ?? 0) + 60_000);
  });
}
