import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { CliEvent, CliResult } from '../support/cliProgram.ts';
import { CliSetup } from '../support/cliSetup.ts';
import { openAiRequests } from '../support/fakeOpenAi.ts';
import { poll } from '../support/poll.ts';
import type { Reply } from '../support/replyScript.ts';

type Tokens = Readonly<Record<string, number>>;

const eventOf = ({ events, stderr }: CliResult, type: string): CliEvent => {
  const event = events.findLast((one) => one.type === type);
  assert(event !== undefined, `There is no ${type}: ${stderr}`);
  return event;
};
const usageOf = (ended: CliResult): Tokens => eventOf(ended, 'turn.completed')['usage'] as Tokens;
const threadOf = (ended: CliResult): string => String(eventOf(ended, 'thread.started')['thread_id']);
const itemsOf = ({ events }: CliResult) =>
  events.filter(({ type }) => type === 'item.completed').map(({ item }) => item as CliEvent);

// What the adapter of codex relies on, seen on the real program.
describe('the real codex', function () {
  this.timeout(60_000);

  it('works off a prompt from its standard input and reports usage and thread', async () => {
    await using setup = await CliSetup.open();
    const replies: Reply[] = [
      { thinking: 'I look first.', text: 'Looking.', call: { shell: 'echo looked' } },
      { text: 'All is well.', usage: { inputTokens: 10, outputTokens: 20, cacheReadTokens: 30, reasoningTokens: 5 } },
    ];
    const ended = await setup.codex({ prompt: 'How is it?', replies }).ended;
    assert.equal(ended.exitCode, 0, ended.stderr);
    const kinds = itemsOf(ended).filter(({ type }) => type !== 'error');
    assert.deepEqual(
      kinds.map(({ type, text }) => [type, text]),
      [
        ['reasoning', 'I look first.'],
        ['agent_message', 'Looking.'],
        ['command_execution', undefined],
        ['agent_message', 'All is well.'],
      ],
    );
    const { input_tokens, cached_input_tokens, output_tokens, reasoning_output_tokens } = usageOf(ended);
    assert.deepEqual([input_tokens, cached_input_tokens, output_tokens, reasoning_output_tokens], [1040, 430, 320, 5]);
    const [first, second, ...more] = openAiRequests(setup.openAi);
    assert(first && second && more.length === 0, 'two calls of the model');
    assert.match(JSON.stringify(first.input), /How is it\?/);
    assert.match(JSON.stringify(second.input.at(-1)), /looked/);
    assert.equal(setup.openAi.requests[0]?.headers.authorization, `Bearer ${setup.home.env['FAKE_OPENAI_KEY']}`);
  });

  it('resumes a thread; its usage grows over all runs', async () => {
    await using setup = await CliSetup.open();
    const first = await setup.codex({ prompt: 'First.', replies: [{ text: 'One.' }] }).ended;
    const again = { prompt: 'Second.', replies: [{ text: 'Two.' }], resumed: threadOf(first) };
    const second = await setup.codex(again).ended;
    assert.equal(second.exitCode, 0, second.stderr);
    assert.equal(threadOf(second), threadOf(first));
    assert.deepEqual([usageOf(first)['input_tokens'], usageOf(second)['input_tokens']], [1000, 2000]);
    assert.match(JSON.stringify(openAiRequests(setup.openAi)[1]?.input), /First\.[^]*Second\./);
  });

  it('says that a thread is lost before it asks the model anything', async () => {
    await using setup = await CliSetup.open();
    const ended = await setup.codex({ resumed: '01a1fbc9-0000-7000-8000-000000000000' }).ended;
    assert.equal(ended.exitCode, 1);
    assert.deepEqual(ended.events, []);
    assert.match(ended.stderr, /no rollout found for thread id 01a1fbc9/);
    assert.deepEqual(setup.openAi.requests, []);
  });

  it('begins another thread when what it shall resume is no id', async () => {
    await using setup = await CliSetup.open();
    const ended = await setup.codex({ replies: [{ text: 'New.' }], resumed: 'no-such-thread' }).ended;
    assert.equal(ended.exitCode, 0, ended.stderr);
    assert.notEqual(threadOf(ended), 'no-such-thread');
  });

  it('goes on without an MCP server that refuses it', async () => {
    await using setup = await CliSetup.open();
    const ended = await setup.codex({ replies: [{ text: 'Fine.' }], board: { token: 'another' } }).ended;
    assert.equal(ended.exitCode, 0, ended.stderr);
    assert(setup.board.refused.length > 0);
    assert.match(ended.stderr, /HTTP 401/);
  });

  const failures: readonly { readonly what: string; readonly reply: Reply; readonly message: RegExp }[] = [
    {
      what: 'a full context',
      reply: { ending: { kind: 'context_length_exceeded', message: 'Too long.' } },
      message: /ran out of room in the model's context window/,
    },
    {
      what: 'a spent quota',
      reply: { ending: { kind: 'insufficient_quota', message: 'You exceeded your current quota.' } },
      message: /Quota exceeded/,
    },
  ];
  for (const { what, reply, message } of failures) {
    it(`tells ${what} apart`, async () => {
      await using setup = await CliSetup.open();
      const ended = await setup.codex({ replies: [reply] }).ended;
      assert.equal(ended.exitCode, 1);
      const { error } = eventOf(ended, 'turn.failed') as unknown as { error: { message: string } };
      assert.match(error.message, message);
    });
  }

  for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
    it(`ends with its command by ${signal}; the call that is complete is in its rollout file`, async () => {
      await using setup = await CliSetup.open();
      const run = setup.codex({ replies: [{ call: { shell: 'echo waiting; sleep 303' } }] });
      const isSleeping = async () => (await run.commands()).includes('sleep 303');
      await poll(isSleeping, 'the command runs', 30_000);
      await poll(() => usageLines(setup).length > 0, 'the call is in the rollout file');
      run.kill(signal);
      const ended = await run.ended;
      assert.equal(ended.signal, signal);
      await poll(async () => (await run.commands()).length === 0, 'nothing is left');
      assert.deepEqual(usageLines(setup), [['token_usage_record', 1000]]);

      const resumed = await setup.codex({ replies: [{ text: 'Back.' }], resumed: threadOf(ended) }).ended;
      assert.equal(resumed.exitCode, 0, resumed.stderr);
      assert.equal(usageOf(resumed)['input_tokens'], 1000, 'what the killed run took is not in the total');
      const later = [
        ['token_usage_record', 1000],
        ['token_count', 1000],
      ];
      assert.deepEqual(usageLines(setup), [['token_usage_record', 1000], ...later]);
    });
  }

  it('ends by SIGTERM in the middle of an answer, and leaves nothing of it', async () => {
    await using setup = await CliSetup.open();
    const run = setup.codex({ replies: [{ text: 'I begin to say', ending: 'hang' }] });
    await poll(() => openAiRequests(setup.openAi).length > 0, 'the model is asked', 30_000);
    run.kill('SIGTERM');
    const ended = await run.ended;
    assert.equal(ended.signal, 'SIGTERM');
    assert.deepEqual(usageLines(setup), []);
    assert.equal((await setup.codex({ resumed: threadOf(ended) }).ended).exitCode, 0);
  });
});

/** The lines of the only rollout file that speak of usage, with the input tokens of the call that they are about. */
function usageLines(setup: CliSetup): readonly (readonly [string, number | undefined])[] {
  const [file] = globSync(join(setup.home.codexHome, 'sessions/*/*/*/*.jsonl'));
  if (file === undefined) return [];
  return readFileSync(file, 'utf8')
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line) as { type: string; payload: Payload })
    .flatMap(({ type, payload }): (readonly [string, number | undefined])[] => {
      if (type === 'token_usage_record') return [[type, payload.usage?.['input_tokens']]];
      return payload.type === 'token_count' ? [['token_count', payload.info?.last_token_usage['input_tokens']]] : [];
    });
}

interface Payload {
  readonly type?: string;
  readonly usage?: Tokens;
  readonly info?: { readonly last_token_usage: Tokens } | null;
}
