import { toConversationId } from './conversationId.ts';
import type { AgentEvent } from './events.ts';
import { parseHttpState, toStateEvents, UsageSteps } from './httpState.ts';
import { readMarkedLine } from './jsonLines.ts';
import { LineReader } from './lineReader.ts';

/** Longer lines are none of ours. */
const maxLineBytes = 1024 * 1024;
const marker = Buffer.from('"reveille"');

/**
 * Reads what a server says of its run (docs/http-protocol.md): lines `state` and `session`, and all lines of
 * docs/process-protocol.md. Everything else is only text.
 */
export class HttpReader extends LineReader {
  constructor() {
    const usage = new UsageSteps();
    super(maxLineBytes, (line) => (line.includes(marker) ? (readOwn(line, usage) ?? readMarkedLine(line)) : []));
  }
}

/** Null if the line is not of the kinds that only servers have. */
function readOwn(line: Buffer, usage: UsageSteps): AgentEvent[] | null {
  const said = parseObject(line.toString('utf8'));
  if (said?.['reveille'] === 'state') {
    const state = parseHttpState(said);
    return state === null
      ? [{ kind: 'raw', reason: 'malformed' }]
      : [...usage.step(state).map((part): AgentEvent => ({ kind: 'usage', usage: part })), ...toStateEvents(state)];
  }
  if (said?.['reveille'] === 'session') {
    const id = toConversationId(said['id']);
    return [id === null ? { kind: 'raw', reason: 'malformed' } : { kind: 'session', params: { id } }];
  }
  return null;
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
