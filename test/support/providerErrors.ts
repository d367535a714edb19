import type { Reply } from './replyScript.ts';

/** Failures in the shape in which the providers send them; imitations, as far as their formats are documented. */

/** A failure of Anthropic's API; `retryAfterSec` adds the header that asks to wait. */
export function anthropicError(status: number, kind: string, message: string, retryAfterSec?: number): Reply {
  return {
    error: { status, body: { type: 'error', error: { type: kind, message } } },
    ...(retryAfterSec === undefined ? {} : { headers: { 'retry-after': String(retryAfterSec) } }),
  };
}

/** The limit of a subscription (five hours), reached; it is over at `resetsAtSec` (epoch seconds). */
export function anthropicSubscriptionLimit(resetsAtSec: number): Reply {
  return {
    ...anthropicError(429, 'rate_limit_error', 'This request would exceed your account’s rate limit.'),
    headers: unifiedHeaders('rejected', resetsAtSec, 1),
  };
}

/** An answer that warns: most of a subscription's five hours is used. */
export function anthropicLimitWarning(resetsAtSec: number, reply: Reply): Reply {
  return {
    ...reply,
    headers: {
      ...unifiedHeaders('allowed_warning', resetsAtSec, 0.92),
      'anthropic-ratelimit-unified-5h-surpassed-threshold': '0.9',
    },
  };
}

function unifiedHeaders(status: string, resetsAtSec: number, utilization: number): Record<string, string> {
  const prefix = 'anthropic-ratelimit-unified';
  return {
    [`${prefix}-status`]: status,
    [`${prefix}-reset`]: String(resetsAtSec),
    [`${prefix}-representative-claim`]: 'five_hour',
    [`${prefix}-5h-status`]: status,
    [`${prefix}-5h-reset`]: String(resetsAtSec),
    [`${prefix}-5h-utilization`]: String(utilization),
    [`${prefix}-overage-status`]: 'rejected',
  };
}

/** A failure of OpenAI's API. */
export function openAiError(status: number, kind: string, message: string): Reply {
  return { error: { status, body: { error: { type: kind, code: kind, message } } } };
}

/** The limit of a ChatGPT plan, reached; it is over at `resetsAtSec` (epoch seconds). */
export function openAiUsageLimit(resetsAtSec: number): Reply {
  const error = { type: 'usage_limit_reached', message: 'The usage limit has been reached', plan_type: 'plus' };
  return { error: { status: 429, body: { error: { ...error, resets_at: resetsAtSec } } } };
}
