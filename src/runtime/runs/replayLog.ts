import { open, readFile, type FileHandle } from 'node:fs/promises';
import type { AgentEvent, EventReader } from '../adapters/events.ts';
import type { OutputStream } from './logIndex.ts';

/** Read of a log, in bytes: its beginning, which names the conversation, and its end. */
const mostBytes = { beginning: 1024 * 1024, end: 8 * 1024 * 1024 };
const chunkBytes = 256 * 1024;
/** An index has at most 50 000 lines of about 60 bytes. */
const mostIndexBytes = 8 * 1024 * 1024;

/** From an offset on, bytes of a log are of this output. */
interface Turn {
  readonly offset: number;
  readonly stream: OutputStream;
}

export interface ReplayOptions {
  readonly reader: EventReader;
  readonly tell: (event: AgentEvent) => void;
  /** Asked between chunks: true ends the reading early. */
  readonly isOver: () => boolean;
}

/**
 * Lets a reader hear the log of a run again, each output as its index says: of a long log its beginning and its end. What is missing
 * between them is a line that says nothing.
 * @throws system errors
 */
export async function replayLog(logPath: string, options: ReplayOptions): Promise<void> {
  const turns = await readTurns(logPath.replace(/\.log$/, '.idx'));
  const file = await open(logPath, 'r');
  try {
    const { size } = await file.stat();
    const firstEnd = Math.min(size, mostBytes.beginning);
    await replay(file, turns, { ...options, from: 0, to: firstEnd });
    await replay(file, turns, { ...options, from: Math.max(firstEnd, size - mostBytes.end), to: size });
  } finally {
    await file.close();
  }
  if (!options.isOver()) for (const event of options.reader.end()) options.tell(event);
}

async function replay(
  file: FileHandle,
  turns: readonly Turn[],
  { reader, tell, isOver, from, to }: ReplayOptions & { readonly from: number; readonly to: number },
): Promise<void> {
  const buffer = Buffer.allocUnsafe(Math.min(chunkBytes, Math.max(1, to - from)));
  let next = turns.findLastIndex(({ offset }) => offset <= from) + 1;
  for (let at = from; at < to && !isOver();) {
    while ((turns[next]?.offset ?? Infinity) <= at) next += 1;
    const end = Math.min(to, turns[next]?.offset ?? Infinity, at + buffer.length);
    const { bytesRead } = await file.read(buffer, 0, end - at, at);
    if (bytesRead === 0) return;
    at += bytesRead;
    // A copy: readers keep parts of lines.
    const bytes = Buffer.from(buffer.subarray(0, bytesRead));
    for (const event of reader.push(bytes, turns[next - 1]?.stream ?? 'out')) tell(event);
  }
}

/** Without an index, or with a damaged one, everything else counts as standard output. */
async function readTurns(path: string): Promise<readonly Turn[]> {
  const text = await readFile(path, 'utf8').catch(() => '');
  if (text.length > mostIndexBytes) return [];
  const turns: Turn[] = [];
  for (const line of text.split('\n')) {
    const turn = parseTurn(line);
    const last = turns.at(-1);
    // Lines that only tell the time change nothing.
    if (turn !== null && turn.stream !== last?.stream && turn.offset >= (last?.offset ?? 0)) turns.push(turn);
  }
  return turns;
}

function parseTurn(line: string): Turn | null {
  try {
    const { offset, stream } = JSON.parse(line) as Partial<Turn>;
    return typeof offset === 'number' && (stream === 'out' || stream === 'err') ? { offset, stream } : null;
  } catch {
    // The last line of a runtime that was killed, or the empty one behind it.
    return null;
  }
}
