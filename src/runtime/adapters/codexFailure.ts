import type { AgentEvent, FailureCode } from './events.ts';
import { parseResetTime, type ReadingPlace } from './codexResetTime.ts';

/** A family of messages, and what they mean. */
interface Family {
  readonly says: RegExp;
  readonly means: FailureCode | 'usage_limit' | 'rate_limit' | 'transient';
}

/**
 * Codex tells its errors as texts only (0.169.0): they are matched by families, the first one that fits counts. Limits stand
 * before faults of the line, which quote them; statuses stand last, for their texts may be any provider's.
 */
const families: readonly Family[] = [
  { says: /hit your usage limit|usage limit (?:has been )?reached/, means: 'usage_limit' },
  { says: /quota exceeded|insufficient_quota|exceeded your current quota/, means: 'credit_exhausted' },
  {
    says: /out of credits|no credits|credit balance|billing (?:hard )?limit|billing_not_active/,
    means: 'credit_exhausted',
  },
  { says: /to use codex with your chatgpt plan/, means: 'credit_exhausted' },
  { says: /ran out of room in the model's context window|context_length_exceeded/, means: 'context_full' },
  { says: /exceeds the context window|maximum context length|input is too long/, means: 'context_full' },
  { says: /no rollout found for thread|thread not found|no (?:saved )?session found/, means: 'session_lost' },
  { says: /already has an active writer/, means: 'transient' },
  {
    says: /failed to (?:parse|read|load) rollout|rollout .{0,200}(?:is empty|corrupt|malformed)/,
    means: 'session_broken',
  },
  {
    says: /no tool (?:output|call) found for|item .{1,100} of type .{1,40} was provided without/,
    means: 'session_broken',
  },
  { says: /does not exist or you do not have access|model_not_found|unknown model/, means: 'model_unknown' },
  { says: /model .{0,100}is not supported when using codex|requires a newer version of codex/, means: 'model_unknown' },
  {
    says: /missing environment variable|not logged in|please (?:log|sign) ?(?:out and (?:log|sign) ?)?in\b/,
    means: 'login_required',
  },
  { says: /access token could not be refreshed|token (?:has )?expired|invalid[_ ]api[_ ]key/, means: 'login_required' },
  { says: /incorrect api key|refresh token/, means: 'login_required' },
  {
    says: /violat\w+ (?:our|the) (?:usage )?polic|flagged (?:as|for)|content_policy|cyber_policy/,
    means: 'request_refused',
  },
  { says: /selected model is at capacity|overloaded|experiencing high demand|server_error/, means: 'transient' },
  { says: /status:? 429|rate limit|too many requests/, means: 'rate_limit' },
  { says: /status:? 401|status:? 403/, means: 'login_required' },
  { says: /status:? 402/, means: 'credit_exhausted' },
  { says: /status:? (?:5\d\d|408)\b/, means: 'transient' },
  { says: /stream disconnected|error sending request|connection (?:failed|refused|reset|closed)/, means: 'transient' },
  { says: /timed? ?out|idle timeout|failed to lookup address|network is unreachable/, means: 'transient' },
];

/**
 * What a message of codex means by which it gave up: a failure, a limit, or a fault that passes; null if it is like none that is
 * known. `place` is where and when it was written, for the clock times in it.
 */
export function classifyFailure(message: string, place: ReadingPlace): AgentEvent | null {
  const plain = message.replaceAll('’', "'").toLowerCase();
  const means = families.find(({ says }) => says.test(plain))?.means;
  switch (means) {
    case undefined:
      return null;
    case 'usage_limit':
      return { kind: 'rateLimit', limit: 'usage limit', until: parseResetTime(message, place) };
    case 'rate_limit':
      return { kind: 'rateLimit', limit: 'requests', until: parseResetTime(message, place) };
    case 'transient':
      return { kind: 'transientError', message };
    default:
      return { kind: 'failure', code: means, message };
  }
}
