import assert from 'node:assert/strict';
import { CliSetup } from '../support/cliSetup.ts';
import { anthropicError, anthropicLimitWarning } from '../support/providerErrors.ts';
import type { Reply } from '../support/replyScript.ts';
import { resultOf } from './claudeOutput.ts';

/** Of the five-hour window, in epoch seconds: some time to come. */
const resetsAt = Math.floor(Date.now() / 1000) + 3600;

// What the adapter of claude tells apart, seen on the real program; limits, logins and overload are seen through a runtime.
describe('the real claude, when a provider fails it', function () {
  this.timeout(60_000);

  const failures: readonly {
    readonly what: string;
    readonly reply: Reply;
    readonly status: number | null;
    readonly error: string;
  }[] = [
    {
      what: 'a rate limit of a key',
      reply: anthropicError(429, 'rate_limit_error', 'Too many requests.'),
      status: 429,
      error: 'rate_limit',
    },
    {
      what: 'a refused account',
      reply: anthropicError(403, 'permission_error', 'Not allowed.'),
      status: 403,
      error: 'authentication_failed',
    },
    { what: 'a failing provider', reply: anthropicError(500, 'api_error', 'Oh.'), status: 500, error: 'server_error' },
    { what: 'a dropped connection', reply: { ending: 'drop' }, status: null, error: 'server_error' },
  ];
  for (const { what, reply, status, error } of failures) {
    it(`tells ${what} apart`, async () => {
      await using setup = await CliSetup.open();
      const ended = await setup.claude({ replies: [reply] }).ended;
      assert.equal(ended.exitCode, 1);
      assert.deepEqual([resultOf(ended).is_error, resultOf(ended)['api_error_status']], [true, status]);
      const told = ended.events.find(({ type, error: name }) => type === 'assistant' && name !== undefined);
      assert.equal(told?.['error'], error);
    });
  }

  it('warns of a subscription’s limit before it is reached, and works', async () => {
    await using setup = await CliSetup.open();
    const env = { ANTHROPIC_API_KEY: '', CLAUDE_CODE_OAUTH_TOKEN: 'sk-ant-oat01-fake' };
    const ended = await setup.claude({ replies: [anthropicLimitWarning(resetsAt, { text: 'Done.' })], env }).ended;
    const limit = ended.events.find(({ type }) => type === 'rate_limit_event')?.['rate_limit_info'];
    assert.equal((limit as { status?: string } | undefined)?.status, 'allowed_warning');
    assert.equal(resultOf(ended).is_error, false);
  });
});
