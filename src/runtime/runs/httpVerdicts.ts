import type { IncomingHttpHeaders } from 'node:http';
import type { ProcessOutcome } from './processOutcome.ts';
import type { Setback } from './setback.ts';

/** How a run over HTTP came out as far as its transport tells; what its server said itself is read from its output. */
export type HttpVerdict = Pick<ProcessOutcome, 'status' | 'errorCode' | 'message' | 'setback'>;

const weekMs = 7 * 86_400_000;

function failed(
  errorCode: NonNullable<HttpVerdict['errorCode']>,
  message: string,
  setback: Setback | null = null,
): HttpVerdict {
  return { status: 'failed', errorCode, message, setback };
}

/** Everything went through: whether it is a success is for the result to say, and this stands if there was none. */
export const answered = failed(
  'no_result',
  'Its server answered, but did not say how the run came out. Let it answer with a status or a result (docs/http-protocol.md); its log has what it said.',
);

/** No answer came. @param code of the system or of Node */
export function unreachable(code: string, isPassing: boolean): HttpVerdict {
  if (code.startsWith('HPE_')) return badResponse(`sent what is no HTTP (${code})`);
  if (code === 'ERR_INVALID_CHAR') {
    const message = 'Nothing was sent: a header holds a character that no header can carry. Correct it, or its secret.';
    return failed('unreachable', message);
  }
  const advice = isPassing
    ? 'Look whether it runs and whether url is right; another attempt may reach it.'
    : 'Correct url of the agent, or the certificate of the server.';
  return failed('unreachable', `Its server could not be reached (${code}). ${advice}`, isPassing ? transient : null);
}

const transient: Setback = { kind: 'transient' };

/** @param why completes "Its server …" */
export function badResponse(why: string): HttpVerdict {
  return failed('bad_response', `Its server ${why}. See docs/http-protocol.md for what it may answer.`);
}

/** The body of an answer ended in the middle, and nobody can be asked how the run went on. */
export const broken = failed(
  'bad_response',
  'The connection was lost in the middle of its answer, so nobody knows how the run went on. Let the server name a status address (Location) that can be asked then, and wake the agent again.',
);

/** The status address cannot be asked any more. @param status of HTTP */
export function forgotten(status: number): HttpVerdict {
  return badResponse(`does not know the run any more: its status address answers ${String(status)}`);
}

/** An answer that says no. @param now epoch ms, for times that it gives as spans */
export function toRefusal(status: number, headers: IncomingHttpHeaders, now: number): HttpVerdict {
  if (status === 401 || status === 403 || status === 407) {
    const message = `Its server refused the credentials (${String(status)}). Check the headers of the agent, and set their secrets anew, then wake it again.`;
    return failed('login_required', message);
  }
  if (status === 404 || status === 410) {
    return failed('bad_response', `There is nothing at its url (${String(status)}). Correct url of the agent.`);
  }
  if (status === 402) {
    return failed(
      'credit_exhausted',
      'Its server wants to be paid first (402). Add credit, then wake the agent again.',
    );
  }
  if (status === 429) return limited(headers, now);
  if (isPassingStatus(status)) {
    const message = `Its server could not do it just now (${String(status)}). Another attempt may succeed; its log has what the server said.`;
    return failed('temporary_failure', message, transient);
  }
  if (status >= 400 && status < 500) {
    const what =
      status === 409 ? 'says that something is in the way (409)' : `did not accept the run (${String(status)})`;
    return failed('request_refused', `Its server ${what}. Its log has what the server said.`);
  }
  return badResponse(`answered ${String(status)}, which means nothing here`);
}

function limited(headers: IncomingHttpHeaders, now: number): HttpVerdict {
  const until = toResetTime(headers, now);
  const when = until === null ? '' : ` until ${new Date(until).toISOString()}`;
  return failed('rate_limited', `Its server takes no more requests${when} (429).`, {
    kind: 'rate_limit',
    limit: 'requests',
    until,
  });
}

/** Statuses that say: not now. */
export function isPassingStatus(status: number): boolean {
  return status === 408 || status === 425 || (status >= 500 && status !== 501 && status !== 505);
}

/** Milliseconds that `Retry-After` (RFC 9110, 10.2.3: seconds, or a date) asks to wait, at most a week; null if it says nothing. */
export function toRetryAfterMs(headers: IncomingHttpHeaders, now: number): number | null {
  const said = headers['retry-after']?.trim() ?? '';
  if (/^\d{1,9}$/.test(said)) return Math.min(weekMs, Number(said) * 1000);
  const at = /[a-z]/i.test(said) ? Date.parse(said) : NaN;
  return Number.isNaN(at) ? null : Math.min(weekMs, Math.max(0, at - now));
}

/** When a limit ends (epoch ms), from Retry-After, or from the headers that many servers have beside it; null if unknown. */
function toResetTime(headers: IncomingHttpHeaders, now: number): number | null {
  const waitMs = toRetryAfterMs(headers, now);
  if (waitMs !== null) return now + waitMs;
  for (const name of ['ratelimit-reset', 'x-ratelimit-reset']) {
    const said = [headers[name]].flat()[0]?.trim() ?? '';
    if (!/^\d{1,13}$/.test(said)) continue;
    const value = Number(said);
    // A span, a time in seconds or one in milliseconds, by its size.
    const at = value < 1e9 ? now + value * 1000 : value < 1e11 ? value * 1000 : value;
    return Math.min(now + weekMs, Math.max(now, at));
  }
  return null;
}
