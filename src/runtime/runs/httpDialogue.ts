import type { IncomingMessage } from 'node:http';
import type { HttpPlan } from '../adapters/adapter.ts';
import { isFinal, parseHttpState, type HttpState } from '../adapters/httpState.ts';
import type { Clock } from '../clock.ts';
import { HttpAddresses } from './httpAddresses.ts';
import { bodyKindOf, excerptBytes, parseJsonObject, readExcerpt, readWhole, type BodyKind } from './httpBody.ts';
import { exchange, type Answer, type Exchange } from './httpExchange.ts';
import * as verdicts from './httpVerdicts.ts';
import type { HttpVerdict } from './httpVerdicts.ts';
import type { OutputStage } from './outputStage.ts';
import { SseLines } from './sseLines.ts';

export interface DialogueOptions {
  readonly plan: HttpPlan;
  readonly clock: Clock;
  /** Drops whatever connection there is, and ends all waiting. */
  readonly dropped: AbortSignal;
  /** Aborted once the run is to end: from then on its server is asked each second. */
  readonly ending: AbortSignal;
  /** Takes what the server said; resolves when there may be more. */
  readonly say: (bytes: Buffer, stream: 'out' | 'err') => Promise<void>;
  readonly note: (text: string) => void;
  /** Keeps secrets out of what is cut here; `say` does so by itself with the rest. Null if there are none. */
  readonly redact: (() => OutputStage) | null;
}

type Step =
  /** `isOver` says that the server works on it no longer, as far as anybody knows. */
  | { readonly kind: 'end'; readonly verdict: HttpVerdict; readonly isOver: boolean }
  | { readonly kind: 'poll'; readonly afterMs: number | null }
  | { readonly kind: 'again'; readonly why: string; readonly afterMs: number | null; readonly verdict: HttpVerdict };

/** How often the run is posted, and what is waited before each further time (doubled each time), in milliseconds. */
const mostPosts = 4;
const repostMs = 1000;
/** Longest pause that a server may ask for between two posts of one run, and between two looks. */
const longestPauseMs = { post: 60_000, poll: 3_600_000 };
/** A status that nobody could tell for so long is given up. */
const longestLossMs = 600_000;
const longestPollGapMs = 60_000;
const mostBadAnswers = 3;
const lookAnswerMs = 60_000;
const endingPollMs = 1000;
/** A server that asks for less between two looks gets this. */
const shortestLookGapMs = 1000;

const over = (verdict: HttpVerdict): Step => ({ kind: 'end', verdict, isOver: true });
const open = (verdict: HttpVerdict): Step => ({ kind: 'end', verdict, isOver: false });

/**
 * What is said between Reveille and a server about one run:
 *
 *     posting ──2xx, final state or end of a stream──► over
 *        │ └──connection lost, 502–504, 409 after a loss: the same again, with the same Idempotency-Key──► posting
 *        └──202, running, or a stream that broke: it named a status address──► polling ──final state──► over
 *
 * Losses while polling are waited out.
 */
export class HttpDialogue {
  readonly #options: DialogueOptions;
  readonly #url: URL;
  readonly #addresses: HttpAddresses;
  #isOver = false;
  #lastSaid = '';

  constructor(options: DialogueOptions) {
    this.#options = options;
    this.#url = new URL(options.plan.url);
    this.#addresses = new HttpAddresses(this.#url);
  }

  /** Whether the server can be told to stop: it named an address for that, and did not say that it has ended. */
  get canCallOff(): boolean {
    return !this.#isOver && this.#addresses.cancel !== null;
  }

  /** Posts the run, and stays with it until it is over. Never rejects; ends soon after `dropped`. */
  async work(): Promise<HttpVerdict> {
    let step = await this.#post();
    if (step.kind === 'poll') step = await this.#poll(step.afterMs);
    if (step.kind !== 'end') return verdicts.unreachable('ECONNRESET', true);
    this.#isOver = step.isOver;
    return step.verdict;
  }

  /** Asks the server to stop. True if it took that, or has nothing to stop any more. */
  async callOff(): Promise<boolean> {
    const { cancel } = this.#addresses;
    if (cancel === null) return false;
    const result = await this.#ask(cancel.method, cancel.url, lookAnswerMs);
    if (result.kind !== 'answer') return false;
    const { status, body } = result.answer;
    body.destroy();
    if (status >= 200 && status < 300) return true;
    this.#options.note(`was answered ${String(status)} when it told the server to cancel`);
    return status === 404 || status === 409 || status === 410;
  }

  async #post(): Promise<Step> {
    const { plan, dropped, note } = this.#options;
    let step: Step = open(verdicts.unreachable('ECONNRESET', true));
    for (let posts = 1; posts <= mostPosts && !dropped.aborted; posts++) {
      step = await this.#judgePost(await this.#ask('POST', this.#url, 0, plan.body), posts > 1);
      if (step.kind !== 'again') return step;
      const isLast = posts === mostPosts;
      note(`${step.why}; ${isLast ? 'gives up' : 'posts the run again, with the same key'}`);
      const pauseMs = step.afterMs ?? repostMs * 2 ** (posts - 1);
      if (!isLast) await this.#pause(Math.min(pauseMs, longestPauseMs.post));
    }
    return step.kind === 'again' ? open(step.verdict) : step;
  }

  async #judgePost(result: Exchange, isRepeated: boolean): Promise<Step> {
    if (result.kind === 'misled') return over(verdicts.badResponse(result.why));
    if (result.kind === 'impossible') return over(verdicts.unreachable(result.code, false));
    if (result.kind === 'lost') return again(result.code);
    const { answer } = result;
    const { status, headers } = answer;
    if (status >= 200 && status < 300) return this.#take(answer);
    const now = this.#options.clock.now();
    const verdict = verdicts.toRefusal(status, headers, now);
    const said = await this.#hearRefusal(answer);
    if (said !== null) return over(verdicts.answered);
    // The first one of two posts is still being worked on (draft-ietf-httpapi-idempotency-key-header).
    const isBusy = status === 409 && isRepeated;
    const isPassing = status >= 502 && status <= 504;
    if (!isBusy && !isPassing) return over(verdict);
    const why = `was answered ${String(status)}`;
    return { kind: 'again', why, afterMs: verdicts.toRetryAfterMs(headers, now), verdict };
  }

  /** What comes with a refusal: a state that says more than its number, or text for the log. */
  async #hearRefusal({ headers, status, body }: Answer): Promise<HttpState | null> {
    const kind = bodyKindOf(status, headers);
    const { bytes, isWhole } = await readExcerpt(body, this.#options.clock);
    if (kind === 'folded' || bytes.length === 0) return null;
    const said = kind === 'json' ? parseJsonObject(bytes.toString('utf8')) : null;
    const state = parseHttpState({ status: 'failed', ...said });
    const isTold = state?.status === 'failed' && (state.error !== null || state.limit !== null || state.retry !== null);
    if (said !== null && isTold) {
      await this.#sayState({ status: 'failed', ...said });
      return state;
    }
    await this.#sayBeginning(bytes, isWhole);
    return null;
  }

  async #take(answer: Answer): Promise<Step> {
    const { status, headers, body } = answer;
    const kind = bodyKindOf(status, headers);
    const named = { statusUrl: headers.location ?? null, cancelUrl: null };
    if (!this.#addresses.note(named, answer.url)) return foreign(body);
    switch (kind) {
      case 'lines':
      case 'sse':
        return this.#takeLines(body, kind);
      case 'json':
        return this.#takeState(answer);
      case 'none':
        body.destroy();
        if (this.#addresses.status === null) return over(verdicts.answered);
        await this.#sayState({ status: 'queued', ...this.#toNamed(headers) });
        return this.#follow(answer);
      case 'folded':
      case 'other':
        return this.#takeStrange(answer, kind);
    }
  }

  async #takeLines(body: IncomingMessage, kind: 'lines' | 'sse'): Promise<Step> {
    const events = kind === 'sse' ? new SseLines() : null;
    const { say, note } = this.#options;
    try {
      for await (const chunk of body as AsyncIterable<Buffer>) await say(events?.push(chunk) ?? chunk, 'out');
    } catch {
      // That it broke off is seen below, and what was said until then counts.
    }
    if (events !== null) await say(events.end(), 'out');
    if (body.complete) return over(verdicts.answered);
    if (this.#addresses.status === null) return open(verdicts.broken);
    note('lost the connection in the middle of an answer; asks the status address how it goes on');
    return { kind: 'poll', afterMs: 0 };
  }

  async #takeState(answer: Answer): Promise<Step> {
    const { clock } = this.#options;
    const whole = await readWhole(answer.body, clock);
    if (whole.kind === 'too_long') return open(verdicts.badResponse('answered with more than 512 KiB of JSON'));
    if (whole.kind === 'lost') return again('ECONNRESET');
    const said = parseJsonObject(whole.text);
    if (said === null) {
      await this.#sayBeginning(Buffer.from(whole.text), true);
      return open(verdicts.badResponse('answered with something else than a JSON object'));
    }
    // Who only accepted it need not say more.
    const full = { ...(answer.status !== 200 && { status: 'queued' }), ...this.#toNamed(answer.headers), ...said };
    const state = parseHttpState(full);
    if (state === null) {
      await this.#sayBeginning(Buffer.from(whole.text), true);
      return over(verdicts.answered);
    }
    await this.#sayState(full);
    if (!this.#addresses.note(state, answer.url)) return foreign(answer.body);
    if (isFinal(state)) return over(verdicts.answered);
    if (this.#addresses.status !== null) return this.#follow(answer);
    return open(verdicts.badResponse(`says that the run is ${state.status}, but not where to ask how it goes on`));
  }

  /** The address of a header, for the log: who comes after a crash of the runtime has nothing else. */
  #toNamed({ location }: IncomingMessage['headers']): { readonly statusUrl?: string } {
    const { status } = this.#addresses;
    return location === undefined || status === null ? {} : { statusUrl: status.href };
  }

  #follow({ headers }: Answer): Step {
    return { kind: 'poll', afterMs: verdicts.toRetryAfterMs(headers, this.#options.clock.now()) };
  }

  async #takeStrange({ headers, body }: Answer, kind: BodyKind): Promise<Step> {
    const { bytes, isWhole } = await readExcerpt(body, this.#options.clock);
    if (kind === 'folded') return open(verdicts.badResponse('compressed its answer, although it was asked not to'));
    await this.#sayBeginning(bytes, isWhole);
    const type = /^[\w.+/-]{1,60}/.exec(this.#hide(headers['content-type'] ?? ''))?.[0] ?? 'something';
    return open(verdicts.badResponse(`answered with ${type}, which is neither JSON nor lines of text`));
  }

  async #poll(afterMs: number | null): Promise<Step> {
    const { clock, dropped, note, plan } = this.#options;
    let pauseMs = afterMs ?? plan.pollMs;
    let heardAt = clock.monotonic();
    let losses = 0;
    let badAnswers = 0;
    while (!dropped.aborted) {
      await this.#pause(Math.min(pauseMs, longestPauseMs.poll));
      const { status } = this.#addresses;
      if (status === null) break;
      const look = await this.#look(await this.#ask('GET', status, lookAnswerMs));
      if (look.kind === 'end') return look;
      if (look.kind === 'poll') {
        if (losses > 0) note('reaches the status address again');
        [losses, badAnswers, heardAt] = [0, 0, clock.monotonic()];
        pauseMs = look.afterMs ?? plan.pollMs;
        continue;
      }
      losses += 1;
      if (look.verdict.errorCode === 'bad_response') badAnswers += 1;
      if (losses === 1) note(`${look.why} at the status address; asks again`);
      if (badAnswers >= mostBadAnswers || clock.monotonic() - heardAt > longestLossMs) return open(look.verdict);
      pauseMs = look.afterMs ?? Math.min(longestPollGapMs, plan.pollMs * 2 ** Math.min(losses, 10));
    }
    return open(verdicts.unreachable('ECONNRESET', true));
  }

  /** One look at the status: `again` for whatever may be otherwise at the next. */
  async #look(result: Exchange): Promise<Step> {
    if (result.kind === 'misled') return open(verdicts.badResponse(result.why));
    if (result.kind === 'impossible') return open(verdicts.unreachable(result.code, false));
    if (result.kind === 'lost') return again(result.code);
    const { answer } = result;
    const { status, headers, body } = answer;
    const afterMs = spaced(verdicts.toRetryAfterMs(headers, this.#options.clock.now()));
    if (status === 200 || status === 202) {
      const step = await this.#takeLook(answer);
      return step.kind === 'poll' ? { kind: 'poll', afterMs } : step;
    }
    body.destroy();
    if (status === 404 || status === 410) return over(verdicts.forgotten(status));
    const verdict = verdicts.toRefusal(status, headers, this.#options.clock.now());
    const isPassing = status === 429 || verdicts.isPassingStatus(status);
    return isPassing ? { kind: 'again', why: `was answered ${String(status)}`, afterMs, verdict } : open(verdict);
  }

  async #takeLook(answer: Answer): Promise<Step> {
    if (bodyKindOf(answer.status, answer.headers) !== 'json') {
      answer.body.destroy();
      return badLook('answered its status address with something else than JSON');
    }
    const whole = await readWhole(answer.body, this.#options.clock);
    if (whole.kind === 'lost') return again('ECONNRESET');
    const said = whole.kind === 'text' ? parseJsonObject(whole.text) : null;
    const state = parseHttpState(said);
    if (said === null || state === null) return badLook('answered its status address without a status that is known');
    await this.#sayState(said);
    if (!this.#addresses.note(state, answer.url)) return foreign(answer.body);
    return isFinal(state) ? over(verdicts.answered) : { kind: 'poll', afterMs: null };
  }

  /** Puts out what a body begins with: cut behind its secrets, because the beginning of one would not be known again. */
  async #sayBeginning(bytes: Buffer, isWhole: boolean): Promise<void> {
    const shown = bytes.subarray(0, excerptBytes);
    const redactor = isWhole && shown.length === bytes.length ? null : this.#options.redact?.();
    await this.#options.say(Buffer.concat([redactor?.push(shown) ?? shown, Buffer.from('\n')]), 'err');
  }

  #hide(text: string): string {
    const redactor = this.#options.redact?.();
    return redactor ? Buffer.concat([redactor.push(Buffer.from(text)), redactor.end()]).toString() : text;
  }

  /** Puts a state out as a line, unless it is the one before. */
  async #sayState(said: Readonly<Record<string, unknown>>): Promise<void> {
    let line: string;
    try {
      line = JSON.stringify({ ...said, reveille: 'state' });
    } catch {
      // Nested too deeply to be written again: what is known of it is enough. Its texts are not cut before secrets are out of them.
      const flat = Object.entries(said).filter(([, value]) => typeof value !== 'object');
      line = JSON.stringify({ ...parseHttpState(said), ...Object.fromEntries(flat), reveille: 'state' });
    }
    if (line === this.#lastSaid) return;
    this.#lastSaid = line;
    await this.#options.say(Buffer.from(`${line}\n`), 'out');
  }

  #ask(method: 'POST' | 'GET' | 'DELETE', url: URL, answerMs: number, body: string | null = null): Promise<Exchange> {
    const { plan, clock, dropped } = this.#options;
    // What belongs to the run's own post would mislead a server at any other.
    const { 'Content-Type': _type, 'Idempotency-Key': _key, ...others } = plan.headers;
    const headers = body === null ? others : plan.headers;
    return exchange({ method, url, headers, body, answerMs, clock, signal: dropped });
  }

  /** Ends early when the connection is dropped; and shortly after the run is to end. */
  async #pause(ms: number): Promise<void> {
    const { ending, dropped } = this.#options;
    if (!ending.aborted) await this.#wait(ms, [ending, dropped]);
    if (ending.aborted) await this.#wait(Math.min(ms, endingPollMs), [dropped]);
  }

  #wait(ms: number, signals: readonly AbortSignal[]): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        timer.dispose();
        for (const signal of signals) signal.removeEventListener('abort', done);
        resolve();
      };
      const timer = this.#options.clock.setTimeout(done, ms);
      for (const signal of signals) signal.addEventListener('abort', done);
      if (signals.some((signal) => signal.aborted)) done();
    });
  }
}

function spaced(afterMs: number | null): number | null {
  return afterMs === null ? null : Math.max(shortestLookGapMs, afterMs);
}

function again(code: string): Step {
  return {
    kind: 'again',
    why: `lost the connection (${code})`,
    afterMs: null,
    verdict: verdicts.unreachable(code, true),
  };
}

function badLook(why: string): Step {
  return { kind: 'again', why, afterMs: null, verdict: verdicts.badResponse(why) };
}

function foreign(body: IncomingMessage): Step {
  body.destroy();
  return open(
    verdicts.badResponse('named a status or cancel address of another origin, which must not get the headers'),
  );
}
