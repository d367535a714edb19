import { request as requestPlain, type IncomingHttpHeaders, type IncomingMessage } from 'node:http';
import { request as requestSecure } from 'node:https';
import type { Clock } from '../clock.ts';
import { systemErrorCode, toError } from '../errors.ts';
import type { Disposable } from '../lifecycle.ts';
import { redirectTarget } from './httpRedirect.ts';

/** One request to a server. */
export interface ExchangeOptions {
  readonly method: 'POST' | 'GET' | 'DELETE';
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | null;
  /** Longest wait for the head of the answer, in milliseconds; 0 = no limit of its own. */
  readonly answerMs: number;
  readonly clock: Clock;
  /** Drops the connection, also while the body of the answer is read. */
  readonly signal: AbortSignal;
}

/** The head of an answer, with its body still to be read: whoever gets it reads or destroys that. */
export interface Answer {
  /** Where it came from, after redirects. */
  readonly url: URL;
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: IncomingMessage;
}

/** What became of a request. `lost`: no answer came, and another try may get one; `impossible`: it would end the same way. */
export type Exchange =
  | { readonly kind: 'answer'; readonly answer: Answer }
  | { readonly kind: 'lost'; readonly code: string }
  | { readonly kind: 'impossible'; readonly code: string }
  | { readonly kind: 'misled'; readonly why: string };

const connectMs = 30_000;
const maxHeaderBytes = 16 * 1024;
const mostRedirects = 5;
/** What may be otherwise a moment later. */
const passing: ReadonlySet<string> = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ECONNABORTED',
  'EPIPE',
  'ETIMEDOUT',
  'EAI_AGAIN',
  'ENOTFOUND',
  'EHOSTUNREACH',
  'EHOSTDOWN',
  'ENETUNREACH',
  'ENETDOWN',
  'EADDRNOTAVAIL',
  'EMFILE',
  'ENFILE',
  // Closed in the middle of a head.
  'HPE_INVALID_EOF_STATE',
]);

/** Asks, and follows redirects that lead to the same origin and change nothing of the request. Never rejects. */
export async function exchange(options: ExchangeOptions): Promise<Exchange> {
  let { url } = options;
  for (let redirects = 0; redirects <= mostRedirects; redirects++) {
    const result = await ask({ ...options, url });
    if (result.kind !== 'answer') return result;
    const target = redirectTarget(options.method, url, result.answer);
    if (target.kind === 'none') return result;
    result.answer.body.destroy();
    if (target.kind === 'refused') return { kind: 'misled', why: target.why };
    url = target.url;
  }
  return { kind: 'misled', why: `redirected more than ${String(mostRedirects)} times` };
}

/** One connection for each request: none is left open, and none can be stale. */
function ask(options: ExchangeOptions): Promise<Exchange> {
  const { method, url, headers, body, answerMs, clock, signal } = options;
  const timers: Disposable[] = [];
  return new Promise<Exchange>((resolve) => {
    const fail = (error: Error): void => {
      const code = systemErrorCode(error) ?? 'ECONNRESET';
      resolve({ kind: passing.has(code) || signal.aborted ? 'lost' : 'impossible', code });
    };
    try {
      const request = (url.protocol === 'https:' ? requestSecure : requestPlain)(url, {
        method,
        headers: { ...headers, ...(body !== null && { 'Content-Length': String(Buffer.byteLength(body)) }) },
        agent: false,
        maxHeaderSize: maxHeaderBytes,
        signal,
      });
      const limit = (ms: number): Disposable =>
        clock.setTimeout(() => {
          request.destroy(Object.assign(new Error('No answer in time'), { code: 'ETIMEDOUT' }));
        }, ms);
      const connecting = limit(connectMs);
      timers.push(connecting);
      if (answerMs > 0) timers.push(limit(answerMs));
      request.on('socket', (socket) => {
        socket.once(url.protocol === 'https:' ? 'secureConnect' : 'connect', () => {
          connecting.dispose();
        });
      });
      request.on('error', fail);
      request.on('response', (response) => {
        // Errors of a body that nobody reads any more concern nobody.
        response.on('error', () => undefined);
        const answer = { url, status: response.statusCode ?? 0, headers: response.headers, body: response };
        resolve({ kind: 'answer', answer });
      });
      // A connection that ends for good without either.
      request.on('close', () => {
        fail(new Error('closed'));
      });
      request.end(body ?? undefined);
    } catch (error) {
      // A header that cannot be sent.
      fail(toError(error));
    }
  }).finally(() => {
    for (const timer of timers) timer.dispose();
  });
}
