import type { AgentEvent, EventReader } from './events.ts';
import { toConversationId } from './conversationId.ts';
import { parseHttpState, toStateEvents, UsageSteps } from './httpState.ts';
import { JsonLinesReader } from './jsonLines.ts';
import { LineSplitter } from './lineSplitter.ts';

/** Longer lines are none of ours. */
const maxLineBytes = 1024 * 1024;
const marker = Buffer.from('"reveille"');
const newline = Buffer.from('\n');

/**
 * Reads what a server says of its run (docs/http-protocol.md): lines `state` and `session`, and all lines of
 * docs/process-protocol.md. Everything else is only text.
 */
export class HttpReader implements EventReader {
  readonly #lines = new LineSplitter(maxLineBytes);
  readonly #others = new JsonLinesReader();
  readonly #usage = new UsageSteps();

  push(bytes: Uint8Array, stream: 'out' | 'err'): AgentEvent[] {
    const events: AgentEvent[] = [];
    if (stream === 'err') return events;
    this.#lines.push(bytes, (line) => {
      events.push(...this.#read(line));
    });
    return events;
  }

  end(): AgentEvent[] {
    const events: AgentEvent[] = [];
    this.#lines.end((line) => {
      events.push(...this.#read(line));
    });
    return events;
  }

  #read(line: Uint8Array | null): AgentEvent[] {
    if (line === null) return [{ kind: 'raw', reason: 'too_long' }];
    const bytes = Buffer.from(line.buffer, line.byteOffset, line.length);
    if (!bytes.includes(marker)) return [];
    return this.#readOwn(bytes) ?? this.#others.push(Buffer.concat([bytes, newline]), 'out');
  }

  /** Null if the line is not of the kinds that only servers have. */
  #readOwn(bytes: Buffer): AgentEvent[] | null {
    const said = parseObject(bytes.toString('utf8'));
    if (said?.['reveille'] === 'state') {
      const state = parseHttpState(said);
      return state === null
        ? [{ kind: 'raw', reason: 'malformed' }]
        : [...this.#usage.step(state).map((usage): AgentEvent => ({ kind: 'usage', usage })), ...toStateEvents(state)];
    }
    if (said?.['reveille'] === 'session') {
      const id = toConversationId(said['id']);
      return [id === null ? { kind: 'raw', reason: 'malformed' } : { kind: 'session', params: { id } }];
    }
    return null;
  }
}

function parseObject(text: string): Record<string, unknown> | null {
  if (!text.trimStart().startsWith('{')) return null;
  try {
    return JSON.parse(text) as Record<string, unknown>;
  } catch {
    // Looks like ours and is not; whoever reads the other lines says so.
    return null;
  }
}
