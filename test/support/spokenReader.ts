import type { AgentEvent, EventReader } from '../../src/runtime/adapters/events.ts';
import { LineSplitter } from '../../src/runtime/adapters/lineSplitter.ts';

/** Reads a program whose every line is an event as JSON; other lines are text. Stands for the readers of real programs. */
export class SpokenReader implements EventReader {
  readonly #lines = new LineSplitter(1_000_000);

  push(bytes: Uint8Array): AgentEvent[] {
    const events: AgentEvent[] = [];
    this.#lines.push(bytes, (line) => events.push(toEvent(line)));
    return events;
  }

  end(): AgentEvent[] {
    const events: AgentEvent[] = [];
    this.#lines.end((line) => events.push(toEvent(line)));
    return events;
  }
}

function toEvent(line: Uint8Array | null): AgentEvent {
  if (line === null) return { kind: 'raw', reason: 'too_long' };
  const text = Buffer.from(line).toString('utf8');
  try {
    return JSON.parse(text) as AgentEvent;
  } catch {
    // A line of text.
    return { kind: 'raw', reason: 'text', text };
  }
}
