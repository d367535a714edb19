import assert from 'node:assert/strict';
import { classifyFailure } from '../../../src/runtime/adapters/codexFailure.ts';
import { WallClock } from '../../../src/runtime/adapters/localTime.ts';

const place = { now: Date.UTC(2026, 10, 21, 1, 48), wall: new WallClock('UTC') };

/** Messages beyond those of the recordings; the words of the first ones are of codex's own source. */
const rows: [message: string, expected: string | null][] = [
  ["You've hit your usage limit. Try again at Nov 23rd, 2026 2:48 AM.", 'rateLimit usage limit 2026-11-23T02:49'],
  ["You've hit your usage limit. Try again later.", 'rateLimit usage limit'],
  ['To use Codex with your ChatGPT plan, upgrade to Plus: https://example.com', 'credit_exhausted'],
  ['Your workspace is out of credits. Add credits to continue.', 'credit_exhausted'],
  ['Your access token could not be refreshed. Please log out and sign in again.', 'login_required'],
  ["The 'gpt-x' model is not supported when using Codex with a ChatGPT account.", 'model_unknown'],
  [
    'stream disconnected before completion: Rate limit reached for gpt-5. Please try again in 20s',
    'rateLimit requests 2026-11-21T01:48',
  ],
  ['stream disconnected before completion: idle timeout waiting for SSE', 'transientError'],
  ['exceeded retry limit, last status: 502 Bad Gateway', 'transientError'],
  ['exceeded retry limit, last status: 401 Unauthorized', 'login_required'],
  ['unexpected status 402 Payment Required: ', 'credit_exhausted'],
  ['Your input exceeds the context window of this model.', 'context_full'],
  ['Invalid prompt: your prompt was flagged as potentially violating our usage policy.', 'request_refused'],
  ['No tool output found for function call call_1.', 'session_broken'],
  ['Unsupported parameter', null],
  ['The agent wrote 500 lines, 401 tests and 429 words', null],
  ['', null],
];

describe('a message by which codex gives up', () => {
  for (const [message, expected] of rows) {
    it(`"${message}" means ${expected ?? 'nothing known'}`, () => {
      const event = classifyFailure(message, place);
      const told =
        event?.kind === 'failure'
          ? event.code
          : event?.kind === 'rateLimit'
            ? [
                'rateLimit',
                event.limit,
                ...(event.until === null ? [] : [new Date(event.until).toISOString().slice(0, 16)]),
              ].join(' ')
            : (event?.kind ?? null);
      assert.equal(told, expected);
    });
  }
});
