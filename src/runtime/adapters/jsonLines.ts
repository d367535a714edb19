import * as z from 'zod/mini';
import { conversationId } from './conversationId.ts';
import type { AgentEvent } from './events.ts';
import { LineReader } from './lineReader.ts';

/** Longer lines are none of ours. */
const maxLineBytes = 1024 * 1024;
/** Longest texts, in characters; what is longer is cut. */
const lengths = { id: 100, name: 200, progress: 500, message: 2000, question: 4000, choice: 200 };
const maxChoices = 10;
/** Tokens and micro-dollars of one line; more is taken for a mistake. */
const largestCount = 1e12;
const marker = Buffer.from('"reveille"');

const textOf = (length: number) =>
  z.pipe(
    z.string(),
    z.transform((value: string) => cut(value, length)),
  );
const filled = (length: number) => textOf(length).check(z.refine((value) => value !== ''));
/** A field that is wrong is as good as one that is missing. */
const orNull = <T extends z.ZodMiniType>(schema: T) => z.catch(z._default(z.nullable(schema), null), null);
const count = orNull(z.int().check(z.nonnegative(), z.lte(largestCount)));

const line = z.discriminatedUnion('reveille', [
  z.object({ reveille: z.literal('progress'), text: textOf(lengths.progress) }),
  z.object({
    reveille: z.literal('usage'),
    model: orNull(filled(lengths.name)),
    inputTokens: count,
    cachedTokens: count,
    cacheWriteTokens: count,
    outputTokens: count,
    costUsd: orNull(z.number().check(z.nonnegative(), z.lte(largestCount / 1e6))),
  }),
  z.object({
    reveille: z.literal('limit'),
    limit: z.catch(filled(lengths.name), 'limit'),
    until: orNull(z.iso.datetime({ offset: true })),
  }),
  z.object({ reveille: z.literal('retry'), message: orNull(filled(lengths.message)) }),
  z.object({
    reveille: z.literal('result'),
    status: z.enum(['succeeded', 'failed']),
    message: orNull(filled(lengths.message)),
    changed: orNull(z.boolean()),
  }),
  z.object({
    reveille: z.literal('ask'),
    // Not cut: two ids must not become one.
    id: z.string().check(z.minLength(1), z.maxLength(lengths.id)),
    question: filled(lengths.question),
    choices: z.catch(z._default(z.array(filled(lengths.choice)), []), []),
  }),
  z.object({ reveille: z.literal('session'), id: z.string().check(z.regex(conversationId)) }),
]);

/** Reads the marked lines of the protocol `jsonl` on standard output (docs/process-protocol.md); all others are only text. */
export class JsonLinesReader extends LineReader {
  constructor() {
    super(maxLineBytes, readMarkedLine);
  }
}

/** What a line says; nothing if it is only text. */
export function readMarkedLine(line: Buffer): AgentEvent[] {
  return isMarked(line) ? readLine(line) : [];
}

/** Cheap, because most lines are ordinary output. */
function isMarked(bytes: Buffer): boolean {
  const brace = bytes.findIndex((byte) => byte !== 0x20 && byte !== 0x09);
  if (bytes[brace] !== 0x7b) return false;
  return bytes.includes(marker);
}

function readLine(bytes: Buffer): AgentEvent[] {
  const said = parse(bytes.toString('utf8'));
  // An object that has the word elsewhere was not meant for us.
  if (said !== undefined && !Object.hasOwn(said, 'reveille')) return [];
  const parsed = line.safeParse(said);
  return [parsed.success ? toEvent(parsed.data) : { kind: 'raw', reason: 'malformed' }];
}

/** A line that begins with a brace holds an object, or nothing that can be read. */
function parse(text: string): object | undefined {
  try {
    return JSON.parse(text) as object;
  } catch {
    // Output that looks like ours and is not.
    return undefined;
  }
}

function toEvent(said: z.output<typeof line>): AgentEvent {
  switch (said.reveille) {
    case 'progress':
      return { kind: 'progress', text: said.text };
    case 'usage': {
      const { model, inputTokens, cachedTokens, cacheWriteTokens, outputTokens, costUsd } = said;
      const costMicros = costUsd === null ? null : Math.round(costUsd * 1e6);
      const usage = {
        basis: 'run',
        id: null,
        model,
        inputTokens,
        cachedTokens,
        cacheWriteTokens,
        outputTokens,
        costMicros,
      } as const;
      return { kind: 'usage', usage };
    }
    case 'limit':
      return { kind: 'rateLimit', limit: said.limit, until: said.until === null ? null : Date.parse(said.until) };
    case 'retry':
      return { kind: 'transientError', message: said.message };
    case 'result':
      return { kind: 'result', status: said.status, message: said.message, hasChanged: said.changed };
    case 'session':
      return { kind: 'session', params: { id: said.id } };
    case 'ask':
      return { kind: 'question', id: said.id, text: said.question, choices: said.choices.slice(0, maxChoices) };
  }
}

/** At most `length` characters, well-formed and without NULs, which no text of ours can hold. */
export function cut(text: string, length: number): string {
  const clean = text.replaceAll('\0', '').trim();
  return (clean.length <= length ? clean : `${clean.slice(0, length - 1)}…`).toWellFormed();
}
