import * as path from 'node:path';
import type { SessionBooks } from './adapter.ts';
import { readCodexUsage } from './codexUsage.ts';
import type { AgentEvent, EventReader } from './events.ts';
import { cut } from './jsonLines.ts';
import { LineSplitter } from './lineSplitter.ts';

/** Longer lines hold contents (instructions, outputs, pictures), never usage. */
const longestLine = 256 * 1024;
/** The kinds of lines that matter tell it this early; all others are not parsed. */
const headBytes = 400;
const kinds = ['"token_usage_record"', '"token_count"', '"turn_context"'].map((kind) => Buffer.from(kind));

/**
 * Codex's rollout files, `$CODEX_HOME/sessions/YYYY/MM/DD/rollout-<time>-<thread>.jsonl`: one a thread, resumed runs append to it.
 */
export const codexBooks: SessionBooks = {
  // Its output tells tokens at the end of the turn only.
  isFollowed: true,
  locate: ({ id = '' }, { env }) => {
    const home = env['CODEX_HOME'] ?? under(env['HOME'] ?? env['USERPROFILE'], '.codex');
    if (id === '' || home === null || !path.isAbsolute(home)) return null;
    const ending = `-${id}.jsonl`;
    return {
      folder: path.join(home, 'sessions'),
      depth: 3,
      isBook: (name) => name.startsWith('rollout-') && name.endsWith(ending),
    };
  },
  read: (since) => new RolloutReader(since),
};

function under(folder: string | undefined, name: string): string | null {
  return folder === undefined || folder === '' ? null : path.join(folder, name);
}

/**
 * Reads one rollout file. Each answer of a model is one `token_usage_record`, written before its tools run; builds without those
 * write `token_count` alone, which is late, and repeated.
 */
export class RolloutReader implements EventReader {
  readonly #since: number;
  readonly #lines = new LineSplitter(longestLine);
  #model: string | null = null;
  #hasRecords = false;

  /** @param since epoch ms; what was written before is not told of */
  constructor(since: number) {
    this.#since = since;
  }

  push(bytes: Uint8Array): AgentEvent[] {
    const events: AgentEvent[] = [];
    this.#lines.push(bytes, (line) => {
      if (line !== null) this.#take(line, events);
    });
    return events;
  }

  /** A line without an end is being written: it says nothing yet. */
  end(): AgentEvent[] {
    return [];
  }

  #take(line: Uint8Array, events: AgentEvent[]): void {
    const bytes = Buffer.from(line.buffer, line.byteOffset, line.length);
    const head = bytes.subarray(0, headBytes);
    if (!kinds.some((kind) => head.includes(kind))) return;
    try {
      this.#read(fieldsOf(JSON.parse(bytes.toString('utf8'))), events);
    } catch {
      // A damaged line: what it said is unknown.
    }
  }

  #read({ type, timestamp, payload }: Fields, events: AgentEvent[]): void {
    const fields = fieldsOf(payload);
    if (type === 'turn_context') {
      this.#model = typeof fields['model'] === 'string' ? cut(fields['model'], 200) || null : null;
      return;
    }
    const at = typeof timestamp === 'string' ? Date.parse(timestamp) : NaN;
    if (!(at >= this.#since)) return;
    if (type === 'token_usage_record') {
      this.#hasRecords = true;
      const { response_id: response, usage } = fields;
      this.#tell(usage, typeof response === 'string' ? cut(response, 200) : null, events);
    } else if (type === 'event_msg' && fields['type'] === 'token_count' && !this.#hasRecords) {
      const info = fieldsOf(fields['info']);
      const total = fieldsOf(info['total_token_usage'])['total_tokens'];
      if (typeof total === 'number') this.#tell(info['last_token_usage'], `total:${String(total)}`, events);
    }
  }

  #tell(tokens: unknown, id: string | null, events: AgentEvent[]): void {
    const usage = readCodexUsage(tokens, { basis: 'message', id, model: this.#model });
    if (usage === null) return;
    events.push({ kind: 'usage', usage });
    events.push({ kind: 'context', tokens: (usage.inputTokens ?? 0) + (usage.outputTokens ?? 0) });
  }
}

type Fields = Readonly<Record<string, unknown>>;

function fieldsOf(value: unknown): Fields {
  return typeof value === 'object' && value !== null ? (value as Fields) : {};
}
