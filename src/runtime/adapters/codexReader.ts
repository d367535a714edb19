import type { SessionParams } from '../model.ts';
import { CodexErrors } from './codexErrors.ts';
import { classifyFailure } from './codexFailure.ts';
import { lengths, readItem } from './codexItems.ts';
import type { ReadingPlace } from './codexResetTime.ts';
import { codexSession } from './codexSession.ts';
import { readCodexUsage } from './codexUsage.ts';
import type { AgentEvent, EventReader } from './events.ts';
import { cut } from './jsonLines.ts';
import { LineSplitter } from './lineSplitter.ts';
import { WallClock } from './localTime.ts';

export interface CodexReaderOptions {
  /** The conversation that was to be gone on with; null if a new one was to begin. */
  readonly asked: SessionParams | null;
  /** Epoch ms. */
  readonly now: () => number;
  /** Of its program, which writes times as a clock there shows them: an IANA name that is known. */
  readonly timeZone: string;
}

/** The output of a command stands whole in one line. */
const longestLine = 8 * 1024 * 1024;
/** Attempts in a row to reach the network, which codex makes without an end. */
const mostWaits = 6;
const mostOpenCalls = 1000;
const mostNotices = 20;

const retrying = /^Reconnecting\.\.\. (?:(\d{1,9})\/(\d{1,9})|waiting for network)\s*(?:\(([\s\S]*)\))?$/;

/** Reads `codex exec --json` (as of 0.169.0): one JSON object a line on standard output, reasons of early ends beside it. */
export class CodexReader implements EventReader {
  readonly #options: CodexReaderOptions;
  readonly #wall: WallClock;
  readonly #lines = new LineSplitter(longestLine);
  readonly #errors = new CodexErrors();
  /** Calls that were told of and have not ended. */
  readonly #calls = new Set<string>();
  #hasSpoken = false;
  #hasEnded = false;
  #lastMessage: string | null = null;
  /** An error after which nothing has come yet. */
  #error: string | null = null;
  #waits = 0;
  /** What was said of lost servers: attempts to reach one fail alike. */
  readonly #lostServers = new Set<string>();

  constructor(options: CodexReaderOptions) {
    this.#options = options;
    this.#wall = new WallClock(options.timeZone);
  }

  push(bytes: Uint8Array, stream: 'out' | 'err'): AgentEvent[] {
    const events: AgentEvent[] = [];
    if (stream === 'err') {
      for (const reason of this.#errors.push(bytes)) this.#noteServer(reason, events);
    } else {
      this.#lines.push(bytes, (line) => {
        this.#take(line, events);
      });
    }
    return events;
  }

  end(): AgentEvent[] {
    const events: AgentEvent[] = [];
    this.#lines.end((line) => {
      this.#take(line, events);
    });
    const reason = this.#error ?? (this.#hasSpoken ? null : this.#errors.end());
    if (reason !== null && !this.#hasEnded) events.push(...this.#fail(reason));
    this.#error = null;
    return events;
  }

  #take(bytes: Uint8Array | null, events: AgentEvent[]): void {
    if (bytes === null) {
      events.push({ kind: 'raw', reason: 'too_long' });
      return;
    }
    const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('utf8');
    if (text.trim() === '') return;
    let found: readonly AgentEvent[] | null;
    try {
      found = this.#read(JSON.parse(text));
    } catch {
      // No JSON, or nested too deep to be written again.
      events.push({ kind: 'raw', reason: 'text', text: toShown(text) });
      return;
    }
    if (found === null) events.push({ kind: 'raw', reason: 'unknown', text: toShown(text) });
    else for (const event of found) events.push(event);
  }

  /** Null for what is not known. */
  #read(said: unknown): readonly AgentEvent[] | null {
    const { type, thread_id: thread, item, message, error, usage } = fieldsOf(said);
    switch (type) {
      case 'thread.started':
        this.#hasSpoken = true;
        return this.#begin(thread);
      case 'turn.started':
        this.#hasSpoken = true;
        return [];
      case 'item.started':
        return this.#readItem(item, 'started');
      case 'item.updated':
        return this.#readItem(item, 'updated');
      case 'item.completed':
        return this.#readItem(item, 'completed');
      case 'error':
        return typeof message === 'string' ? this.#readError(message) : null;
      case 'turn.failed': {
        const reason = fieldsOf(error)['message'];
        return this.#fail(typeof reason === 'string' ? reason : (this.#error ?? ''));
      }
      case 'turn.completed':
        return this.#succeed(usage);
      default:
        return null;
    }
  }

  #begin(thread: unknown): readonly AgentEvent[] | null {
    const params = codexSession.parse({ id: thread });
    if (params === null) return null;
    const { asked } = this.#options;
    const session: AgentEvent = { kind: 'session', params };
    if (asked === null || asked['id'] === params['id']) return [session];
    const text = `Codex did not go on with the conversation ${asked['id'] ?? ''}: it began a new one.`;
    return [{ kind: 'notice', text: cut(text, lengths.notice) }, session];
  }

  #readItem(item: unknown, phase: 'started' | 'updated' | 'completed'): readonly AgentEvent[] | null {
    const events = readItem(item, phase);
    if (events === null) return null;
    this.#waits = 0;
    return events.filter((event) => {
      if (event.kind === 'message') this.#lastMessage = event.text;
      if (event.kind === 'toolCall') return this.#isNewCall(event.id);
      if (event.kind === 'toolResult') this.#calls.delete(event.id);
      return true;
    });
  }

  #isNewCall(id: string): boolean {
    if (this.#calls.has(id)) return false;
    if (this.#calls.size < mostOpenCalls) this.#calls.add(id);
    return true;
  }

  /** An error that it does not try again after is told again with the end of the turn. */
  #readError(message: string): AgentEvent[] {
    const again = retrying.exec(message);
    if (again === null) {
      this.#error = message;
      return [];
    }
    const [, attempt, of] = again;
    const why = cut(again[3] ?? message, lengths.notice);
    if (attempt !== undefined) return [this.#retry({ attempt: Number(attempt), of: Number(of), message: why })];
    this.#waits += 1;
    const event: AgentEvent = { kind: 'retrying', attempt: this.#waits, of: mostWaits, message: why };
    return this.#waits === mostWaits ? [event, { kind: 'transientError', message: why, isFinal: true }] : [event];
  }

  /** A limit may be slept on as long as the provider asked for, of which nothing is said (seen: an hour). */
  #retry(what: { readonly attempt: number; readonly of: number; readonly message: string }): AgentEvent {
    const place = this.#place();
    const known = classifyFailure(what.message, place);
    if (known?.kind !== 'rateLimit') return { kind: 'retrying', ...what };
    const delayMs = known.until === null ? null : Math.max(0, known.until - place.now);
    return { kind: 'retrying', ...what, delayMs, limit: known.limit };
  }

  #place(): ReadingPlace {
    return { now: this.#options.now(), wall: this.#wall };
  }

  #fail(reason: string): AgentEvent[] {
    this.#hasEnded = true;
    this.#error = null;
    const message = cut(innermostMessage(reason), lengths.notice);
    const known = classifyFailure(message, this.#place());
    const result: AgentEvent = { kind: 'result', status: 'failed', message: message || null, hasChanged: null };
    return known === null ? [result] : [known, result];
  }

  #succeed(usage: unknown): AgentEvent[] {
    this.#hasEnded = true;
    this.#error = null;
    // Codex does not say here which model that was; its books do. What was asked for may be an alias.
    const total = readCodexUsage(usage, { basis: 'session', id: null, model: null });
    const message = this.#lastMessage === null ? null : cut(this.#lastMessage, 2000);
    const result: AgentEvent = { kind: 'result', status: 'succeeded', message, hasChanged: null };
    return total === null ? [result] : [{ kind: 'usage', usage: total }, result];
  }

  /** Codex does not say which one. */
  #noteServer(reason: string, events: AgentEvent[]): void {
    const text = cut(`A server of tools (MCP) could not be used: ${reason}`, lengths.notice);
    if (this.#lostServers.has(text) || this.#lostServers.size >= mostNotices) return;
    this.#lostServers.add(text);
    events.push({ kind: 'notice', text });
  }
}

function toShown(line: string): string {
  return cut(line.slice(0, 1000), 500);
}

function fieldsOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}

/** Some errors are the provider's whole answer, as JSON in a text. */
function innermostMessage(reason: string): string {
  if (!reason.startsWith('{')) return reason;
  try {
    const said = fieldsOf(JSON.parse(reason));
    const { message } = fieldsOf(said['error'] ?? said);
    return typeof message === 'string' && message !== '' ? message : reason;
  } catch {
    // It only looked like JSON.
    return reason;
  }
}
