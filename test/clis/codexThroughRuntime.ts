import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { CliSetup } from '../support/cliSetup.ts';
import type { StageTest } from '../support/cliStage.ts';
import { openAiError, openAiUsageLimit } from '../support/providerErrors.ts';
import type { Reply } from '../support/replyScript.ts';
import { boardServer } from './board.ts';
import { assertCharged, assertSucceeded } from './endedRuns.ts';
import { assertHeld, nextAttemptOf } from './laterRuns.ts';

const sandbox = 'danger-full-access';
/** Nothing answers there. */
const nowhere = 'http://127.0.0.1:9/mcp';

export const codexAgents = (setup: CliSetup) => ({
  coder: { sandbox },
  hasty: { sandbox, timeoutSec: 5 },
  resilient: { sandbox, retries: 1 },
  clerk: { sandbox, mcpServers: { board: boardServer(setup) } },
  reader: { sandbox: 'read-only' },
  writer: {},
  priced: { sandbox, model: 'gpt-5' },
  lonely: { sandbox, mcpServers: { board: { url: nowhere } } },
  subscriber: { sandbox },
  throttled: { sandbox },
  overloaded: { sandbox, retries: 1 },
  nobody: { sandbox, env: { FAKE_OPENAI_KEY: '' } },
  stranger: { sandbox },
});

/** What is codex' alone. Nobody can be asked for permission: its sandbox decides. */
export function testCodex(test: StageTest): void {
  testTrust(test);
  testSandbox(test);
  testFailures(test);
  testLimits(test);
}

function testTrust(test: StageTest): void {
  test('starts nothing that the folder brings along, though its user has trusted it by hand', async (stage) => {
    const { folder } = stage.place;
    const settings = join(stage.setup.home.codexHome, 'config.toml');
    const before = readFileSync(settings, 'utf8');
    const mark = join(folder, 'started');
    mkdirSync(join(folder, '.codex'));
    const server = `[mcp_servers.planted]\ncommand = "sh"\nargs = ["-c", ${JSON.stringify(`touch ${mark}; cat`)}]\n`;
    writeFileSync(join(folder, '.codex', 'config.toml'), server);
    writeFileSync(settings, `${before}\n[projects.${JSON.stringify(folder)}]\ntrust_level = "trusted"\n`);
    try {
      assertSucceeded(await stage.run('coder', [{ text: 'Done.' }]));
      assert.ok(!existsSync(mark), 'a server of the folder was started');
    } finally {
      writeFileSync(settings, before);
      rmSync(join(folder, '.codex'), { recursive: true });
    }
  });
}

function testSandbox(test: StageTest): void {
  for (const [agent, isAllowed] of [
    ['reader', false],
    ['writer', true],
  ] as const) {
    test(`${isAllowed ? 'writes' : 'does not write'} where its sandbox ${isAllowed ? 'lets' : 'does not let'} it`, async (stage) => {
      const ended = await stage.run(agent, [{ call: { shell: `touch by-${agent}` } }, { text: 'Went on.' }]);
      assertSucceeded(ended);
      assert.equal(existsSync(join(stage.place.folder, `by-${agent}`)), isAllowed);
      assert.equal(ended.run.message, 'Went on.');
      assertCharged(ended);
    });
  }

  test('costs the list price, marked as such, and nothing known for a model that is on no list', async (stage) => {
    const usage = { inputTokens: 1000, cacheReadTokens: 2000, outputTokens: 300 };
    const listed = await stage.run('priced', [{ text: 'One.', usage }]);
    const unknown = await stage.run('coder', [{ text: 'Two.', usage }]);
    const costs = [listed, unknown].map(({ run }) => {
      return run.usage?.models.map(({ model, costMicros, isListPrice }) => [model, costMicros, isListPrice]);
    });
    // gpt-5: $1.25 a million tokens, from the cache $0.125, written $10.
    assert.deepEqual(costs, [[['gpt-5', 1250 + 250 + 3000, true]], [['gpt-fake', null, false]]]);
  });

  test('asks no model while a server of tools is not there', async (stage) => {
    const ended = await stage.run('lonely', [{ text: 'Without.' }]);
    assert.deepEqual([ended.run.status, ended.requests.length], ['failed', 0]);
    assert.match(ended.run.message ?? '', /board/);
  });
}

function testFailures(test: StageTest): void {
  const passing: readonly (readonly [string, Reply])[] = [
    ['an overloaded provider', openAiError(503, 'server_is_overloaded', 'Overloaded.')],
    ['a failing provider', openAiError(500, 'server_error', 'Oh.')],
    ['a dropped connection', { text: 'I say', ending: 'drop' }],
  ];
  for (const [what, reply] of passing) {
    test(`leaves ${what} to another attempt`, async (stage) => {
      const ended = await stage.run('overloaded', [reply]);
      assert.deepEqual([ended.run.status, ended.run.errorCode], ['failed', 'temporary_failure']);
      assert.equal(ended.requests.length, 1);
      const next = nextAttemptOf(stage, ended);
      assert.deepEqual([next?.attempt, next?.status, next?.heldFor], [2, 'queued', 'retry']);
      assert((next?.notBefore ?? 0) > (ended.run.finishedAt ?? 0) + 20_000);
    });
  }

  test('is not logged in without its key', async (stage) => {
    const ended = await stage.run('nobody', []);
    assert.deepEqual([ended.run.status, ended.run.errorCode], ['failed', 'login_required']);
    assert.match(ended.run.message ?? '', /It said: Missing environment variable: `FAKE_OPENAI_KEY`/);
    assert.deepEqual([ended.requests.length, ended.run.usage], [0, null]);
  });

  test('is not logged in with a key that is refused', async (stage) => {
    const ended = await stage.run('stranger', [openAiError(401, 'invalid_api_key', 'Incorrect API key provided.')]);
    assert.deepEqual([ended.run.status, ended.run.errorCode], ['failed', 'login_required']);
    assert.equal(ended.requests.length, 1);
  });
}

function testLimits(test: StageTest): void {
  test('waits until the limit of a plan is over, to the minute', async (stage) => {
    const resetsAt = Math.floor(Date.now() / 1000) + 3600;
    const ended = await stage.run('subscriber', [openAiUsageLimit(resetsAt)]);
    const until = await assertHeld(stage, ended, 'subscriber');
    assert(until >= resetsAt * 1000 && until <= resetsAt * 1000 + 60_000, new Date(until).toISOString());
  });

  test('waits for a while where a limit does not say until when', async (stage) => {
    const ended = await stage.run('throttled', [openAiError(429, 'rate_limit_exceeded', 'Rate limit reached.')]);
    assert.equal(await assertHeld(stage, ended, 'throttled'), (ended.run.finishedAt ?? 0) + 60_000);
  });
}
