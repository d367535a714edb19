import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { CliEvent } from '../support/cliProgram.ts';
import { CliSetup } from '../support/cliSetup.ts';
import { anthropicRequests, promptOf } from '../support/fakeAnthropic.ts';
import { poll } from '../support/poll.ts';
import type { Reply } from '../support/replyScript.ts';
import { costOf, initOf, resultOf } from './claudeOutput.ts';

const isNear = (actual: number, expected: number) => Math.abs(actual - expected) < 1e-9;

// What the adapter of claude relies on, seen on the real program.
describe('the real claude', function () {
  this.timeout(60_000);

  it('works off a prompt from its standard input and reports usage, cost and session', async () => {
    await using setup = await CliSetup.open();
    const replies: Reply[] = [
      { thinking: 'I look first.', text: 'Looking.', call: { shell: 'echo looked' } },
      { text: 'All is well.', usage: { inputTokens: 10, outputTokens: 20, cacheReadTokens: 30, cacheWriteTokens: 40 } },
    ];
    const ended = await setup.claude({ prompt: 'How is it?', replies }).ended;
    const result = resultOf(ended);
    assert.equal(ended.exitCode, 0, ended.stderr);
    assert.deepEqual([result.is_error, result.result], [false, 'All is well.']);
    assert.equal(initOf(ended)?.['session_id'], result.session_id);
    const { input_tokens, output_tokens, cache_read_input_tokens, cache_creation_input_tokens } = result.usage;
    assert.deepEqual(
      [input_tokens, output_tokens, cache_read_input_tokens, cache_creation_input_tokens],
      [610, 320, 430, 40],
    );
    assert(result.total_cost_usd > 0);
    const [first, second, ...more] = anthropicRequests(setup.anthropic);
    assert(first && second && more.length === 0, 'two calls of the model');
    assert.match(promptOf(first), /How is it\?/);
    assert.match(JSON.stringify(second.messages.at(-1)), /looked/);
    assert.equal(setup.anthropic.requests[0]?.headers['x-api-key'], setup.home.env['ANTHROPIC_API_KEY']);
  });

  it('resumes a session; its cost grows over all runs, and what came since the last result stands apart', async () => {
    await using setup = await CliSetup.open();
    const first = resultOf(await setup.claude({ prompt: 'First.', replies: [{ text: 'One.' }] }).ended);
    const again = { prompt: 'Second.', replies: [{ text: 'Two.' }], resumed: first.session_id };
    const second = resultOf(await setup.claude(again).ended);
    assert.equal(second.session_id, first.session_id);
    assert.equal(second.result, 'Two.');
    assert(isNear(second.total_cost_usd, first.total_cost_usd * 2), `${second.total_cost_usd}`);
    assert(isNear(costOf(second), first.total_cost_usd), `${costOf(second)}`);
    assert.equal(second.usage['input_tokens'], 600);
    assert.match(promptOf(anthropicRequests(setup.anthropic)[1]!), /First\.[^]*Second\./);
  });

  it('says that a session is lost before it asks the model anything', async () => {
    await using setup = await CliSetup.open();
    const unknown = '00000000-0000-4000-8000-000000000000';
    const ended = await setup.claude({ resumed: unknown }).ended;
    assert.equal(ended.exitCode, 1);
    assert.equal(initOf(ended), undefined);
    assert.deepEqual(resultOf(ended).errors, [`No conversation found with session ID: ${unknown}`]);
    assert.deepEqual(anthropicRequests(setup.anthropic), []);
  });

  it('goes on without an MCP server that refuses it; only its first event tells', async () => {
    await using setup = await CliSetup.open();
    const ended = await setup.claude({
      replies: [{ text: 'Fine.' }],
      board: { token: 'another' },
      args: ['--disallowedTools', 'Bash'],
    }).ended;
    const servers = initOf(ended)?.['mcp_servers'] as readonly { name: string; status: string }[];
    assert.deepEqual([servers[0]?.name, servers[0]?.status], ['board', 'failed']);
    assert(setup.board.refused.length > 0);
    assert.deepEqual(setup.board.calls, []);
  });

  it('shows the tokens of a message while it streams', async () => {
    await using setup = await CliSetup.open();
    const usage = { inputTokens: 21, cacheReadTokens: 22, cacheWriteTokens: 23 };
    const run = setup.claude({ replies: [{ text: 'I begin to say', ending: 'hang', usage }] });
    const isDelta = ({ type, event }: CliEvent) =>
      type === 'stream_event' && (event as { type: string }).type === 'content_block_delta';
    await run.until((events) => events.some(isDelta), 'text streams');
    const started = run.events
      .map(({ event }) => event as { type: string; message: { usage: Record<string, number> } } | undefined)
      .find((event) => event?.type === 'message_start');
    const { input_tokens, cache_read_input_tokens, cache_creation_input_tokens } = started?.message.usage ?? {};
    assert.deepEqual([input_tokens, cache_read_input_tokens, cache_creation_input_tokens], [21, 22, 23]);
    run.kill('SIGTERM');
    assert.equal((await run.ended).exitCode, 143);
  });

  const inBackground = { tool: 'Bash', input: { command: 'sleep 301', description: 'Waits', run_in_background: true } };
  const withChild: readonly (readonly [string, Reply[]])[] = [
    ['a command runs', [{ call: { shell: 'echo waiting; sleep 301' } }]],
    ['a message streams and a command runs behind it', [{ call: inBackground }, { text: 'I say', ending: 'hang' }]],
  ];
  for (const [when, replies] of withChild) {
    it(`ends with its commands by SIGTERM while ${when}, and what is complete is accounted for`, async () => {
      await using setup = await CliSetup.open();
      const run = setup.claude({ replies, args: ['--allowedTools', 'Bash'] });
      const isSleeping = async () => (await run.commands()).includes('sleep 301');
      await poll(isSleeping, 'the command runs', 30_000);
      if (replies.length > 1) {
        await run.until((events) => JSON.stringify(events).includes('"text":"I say"'), 'the second message streams');
      }
      run.kill('SIGTERM');
      const ended = await run.ended;
      assert.equal(ended.exitCode, 143);
      assert.equal(
        ended.events.some(({ type }) => type === 'result'),
        false,
      );
      assert.deepEqual(await run.commands(), []);
      const session = String(initOf(ended)?.['session_id']);
      assert.deepEqual(usageLines(setup, session), [['assistant', 300], ['cost-state']]);
    });
  }

  it('leaves its command behind when it is killed, and no account of its cost', async () => {
    await using setup = await CliSetup.open();
    const replies = [{ call: { shell: 'echo waiting; sleep 302' } }];
    const run = setup.claude({ replies, args: ['--allowedTools', 'Bash'] });
    await poll(async () => (await run.commands()).includes('sleep 302'), 'it runs', 30_000);
    const session = String(run.events.find(({ subtype }) => subtype === 'init')?.['session_id']);
    await poll(() => usageLines(setup, session).length > 0, 'the message is in the session file');
    run.kill('SIGKILL');
    assert.equal((await run.ended).signal, 'SIGKILL');
    assert((await run.commands()).includes('sleep 302'));
    assert.deepEqual(usageLines(setup, session), [['assistant', 300]]);
    const resumed = resultOf(await setup.claude({ replies: [{ text: 'Back.' }], resumed: session }).ended);
    assert.equal(resumed.result, 'Back.');
    assert(isNear(resumed.total_cost_usd, costOf(resumed)), 'what the killed run took is not in the total');
  });
});

/** The lines of a session file that speak of usage: messages with their output tokens, each once, and states of the cost. */
function usageLines(setup: CliSetup, session: string): readonly (readonly [string, number?])[] {
  const [file] = globSync(join(setup.home.claudeConfig, `projects/*/${session}.jsonl`));
  if (file === undefined) return [];
  const seen = new Set<string>();
  return readFileSync(file, 'utf8')
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line) as { type: string; message?: { id: string; usage?: { output_tokens: number } } })
    .flatMap(({ type, message }): (readonly [string, number?])[] => {
      if (type === 'cost-state') return [[type]];
      if (type !== 'assistant' || message?.usage === undefined || seen.has(message.id)) return [];
      seen.add(message.id);
      return [[type, message.usage.output_tokens]];
    });
}
