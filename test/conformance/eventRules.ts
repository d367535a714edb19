import assert from 'node:assert/strict';
import type { AgentEvent } from '../../src/runtime/adapters/events.ts';

/** Longest text of an event, in characters: a transcript is kept of them. */
const longestText = 20_000;
const kinds: readonly AgentEvent['kind'][] = [
  'progress',
  'session',
  'message',
  'thinking',
  'toolCall',
  'toolResult',
  'fileChange',
  'notice',
  'retrying',
  'usage',
  'context',
  'rateLimit',
  'transientError',
  'failure',
  'result',
  'question',
  'raw',
];

/** Throws unless an event is one that the runtime can store and show: known, bounded, whole numbers, well-formed text without NULs. */
export function assertUsable(event: AgentEvent): void {
  assert.ok(kinds.includes(event.kind), `no kind of event: ${event.kind}`);
  check(event, event.kind);
}

function check(value: unknown, place: string): void {
  if (typeof value === 'string') {
    assert.ok(value.length <= longestText, `${place} has ${String(value.length)} characters`);
    assert.ok(value.isWellFormed() && !value.includes('\0'), `${place} is no text that can be stored`);
  } else if (typeof value === 'number') {
    assert.ok(Number.isInteger(value) && value >= 0, `${place} is ${String(value)}`);
  } else if (typeof value === 'object' && value !== null) {
    for (const [key, inner] of Object.entries(value)) check(inner, `${place}.${key}`);
  }
}

/** Events without those that only say that something was not understood. */
export function understood(events: readonly AgentEvent[]): AgentEvent[] {
  return events.filter(({ kind }) => kind !== 'raw');
}
