import * as path from 'node:path';
import type { SessionBooks } from './adapter.ts';
import { fieldsOf, type Fields } from './claudeFields.ts';
import { claudeSession } from './claudeSession.ts';
import { readAnswerUsage, toModelUsages, toRunUsage, type ModelSum } from './claudeUsage.ts';
import type { AgentEvent, EventReader } from './events.ts';
import { LineSplitter } from './lineSplitter.ts';

const maxLineBytes = 16 * 1024 * 1024;

/**
 * The file that claude keeps of each conversation, `projects/<working directory>/<id>.jsonl`: the answers of models with what they
 * used, each when it was complete, and, unless it was killed, the sums of the conversation when a run ended.
 */
export const claudeBooks: SessionBooks = {
  // Its output tells more, and earlier.
  isFollowed: false,
  locate: (session, { env }) => {
    const id = claudeSession.parse(session)?.['id'];
    const home = env['HOME'] ?? env['USERPROFILE'] ?? '';
    const base = env['CLAUDE_CONFIG_DIR'] ?? (home === '' ? '' : path.join(home, '.claude'));
    if (id === undefined || !path.isAbsolute(base)) return null;
    // How a working directory becomes a name is claude's, and a conversation may have begun in another one: all are looked into.
    return { folder: path.join(base, 'projects'), depth: 1, isBook: (name) => name === `${id}.jsonl` };
  },
  read: (since, isWhole) => new BookReader(since, isWhole),
};

type Sums = ReadonlyMap<string, ModelSum>;

/**
 * Tells of the answers written at a time or later, and at the end what all of these came to by the difference of the sums before and
 * after. Sums bear no time: they count as later once something later stands before them.
 */
class BookReader implements EventReader {
  readonly #since: number;
  readonly #lines = new LineSplitter(maxLineBytes);
  #isLater = false;
  /** Null while it is not known what stood before. */
  #before: Sums | null;
  #after: Sums | null = null;

  constructor(since: number, isWhole: boolean) {
    this.#since = since;
    this.#before = isWhole ? new Map() : null;
  }

  push(bytes: Uint8Array): AgentEvent[] {
    const found: AgentEvent[] = [];
    this.#lines.push(bytes, (line) => {
      if (line !== null) found.push(...this.#read(line));
    });
    return found;
  }

  end(): AgentEvent[] {
    const found: AgentEvent[] = [];
    this.#lines.end((line) => {
      if (line !== null) found.push(...this.#read(line));
    });
    const before = this.#before;
    const sums = before === null ? [] : [...(this.#after?.entries() ?? [])];
    return [
      ...found,
      ...sums
        .map(([model, sum]) => subtract(sum, before?.get(model)))
        .filter((sum) => sum !== null)
        .map((sum): AgentEvent => ({ kind: 'usage', usage: toRunUsage(sum) })),
    ];
  }

  #read(line: Uint8Array): AgentEvent[] {
    const said = parse(Buffer.from(line.buffer, line.byteOffset, line.length).toString('utf8'));
    const at = typeof said['timestamp'] === 'string' ? Date.parse(said['timestamp']) : NaN;
    if (at >= this.#since) this.#isLater = true;
    if (said['type'] === 'cost-state') {
      const sums = new Map(toModelUsages(fieldsOf(said['modelUsage'])).map((sum) => [sum.model ?? '', sum]));
      if (this.#isLater) this.#after = sums;
      else this.#before = sums;
    }
    if (said['type'] !== 'assistant' || !(at >= this.#since)) return [];
    const usage = readAnswerUsage(fieldsOf(said['message']));
    return usage === null ? [] : [{ kind: 'usage', usage }];
  }
}

/** What was added to a sum; null for nothing. A sum that fell began anew. */
function subtract(sum: ModelSum, before: ModelSum | undefined): ModelSum | null {
  const less = (one: number | null, other: number | null | undefined): number | null =>
    one === null ? null : one - (other ?? 0) < 0 ? one : one - (other ?? 0);
  const part: ModelSum = {
    model: sum.model,
    inputTokens: less(sum.inputTokens, before?.inputTokens),
    cachedTokens: less(sum.cachedTokens, before?.cachedTokens),
    cacheWriteTokens: less(sum.cacheWriteTokens, before?.cacheWriteTokens),
    outputTokens: less(sum.outputTokens, before?.outputTokens),
    costMicros: less(sum.costMicros, before?.costMicros),
  };
  return (part.inputTokens ?? 0) + (part.outputTokens ?? 0) + (part.costMicros ?? 0) > 0 ? part : null;
}

function parse(text: string): Fields {
  try {
    return fieldsOf(JSON.parse(text));
  } catch {
    // The last line of a program that was killed in the middle of it.
    return {};
  }
}
