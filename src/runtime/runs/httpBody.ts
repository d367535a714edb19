import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import type { Clock } from '../clock.ts';

/** Largest body that is read as a whole. */
const maxBytes = 512 * 1024;
/** A body that is read as a whole has to come within this time, in milliseconds. */
const wholeMs = 60_000;

/** How a body is to be read: `lines` as they come, `sse` the same in the shape of server-sent events, `json` as a whole. */
export type BodyKind = 'lines' | 'sse' | 'json' | 'none' | 'folded' | 'other';

const kinds: Readonly<Record<string, BodyKind>> = {
  'application/x-ndjson': 'lines',
  'application/ndjson': 'lines',
  'application/jsonl': 'lines',
  'application/x-jsonlines': 'lines',
  'text/plain': 'lines',
  'text/event-stream': 'sse',
  'application/json': 'json',
};

/** What a server says that its body is. `folded`: compressed, although it was asked for none. */
export function bodyKindOf(status: number, headers: IncomingHttpHeaders): BodyKind {
  const encoding = headers['content-encoding']?.trim().toLowerCase() ?? '';
  if (encoding !== '' && encoding !== 'identity') return 'folded';
  if (status === 204 || headers['content-length'] === '0') return 'none';
  const type = headers['content-type']?.split(';')[0]?.trim().toLowerCase();
  if (type === undefined || type === '') return 'none';
  return kinds[type] ?? (/^application\/[\w.-]+\+json$/.test(type) ? 'json' : 'other');
}

type WholeBody =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'too_long' }
  /** It broke off, or did not end in time. */
  | { readonly kind: 'lost' };

/** Reads a body to its end, within 512 KiB and a minute. Never rejects. */
export async function readWhole(body: IncomingMessage, clock: Clock): Promise<WholeBody> {
  const chunks: Buffer[] = [];
  let length = 0;
  const deadline = clock.setTimeout(() => body.destroy(), wholeMs);
  try {
    for await (const chunk of body as AsyncIterable<Buffer>) {
      length += chunk.length;
      if (length > maxBytes) return { kind: 'too_long' };
      chunks.push(chunk);
    }
    return body.complete ? { kind: 'text', text: Buffer.concat(chunks).toString('utf8') } : { kind: 'lost' };
  } catch {
    // The connection broke; how does not matter.
    return { kind: 'lost' };
  } finally {
    deadline.dispose();
    body.destroy();
  }
}

/** What is shown of a body that nobody will read on, in bytes. */
export const excerptBytes = 4096;

/** The first bytes of such a body, as far as they come within two seconds, and whether they are all. Never rejects. */
export async function readExcerpt(
  body: IncomingMessage,
  clock: Clock,
): Promise<{ readonly bytes: Buffer; readonly isWhole: boolean }> {
  const chunks: Buffer[] = [];
  let left = excerptBytes;
  const deadline = clock.setTimeout(() => body.destroy(), 2000);
  try {
    for await (const chunk of body as AsyncIterable<Buffer>) {
      chunks.push(chunk.subarray(0, left));
      left -= chunk.length;
      if (left <= 0) break;
    }
  } catch {
    // What came is what there is.
  } finally {
    deadline.dispose();
    body.destroy();
  }
  return { bytes: Buffer.concat(chunks), isWhole: body.complete && left > 0 };
}

/** Parses JSON that has to be an object; null for anything else. Never throws. */
export function parseJsonObject(text: string): Record<string, unknown> | null {
  try {
    const said: unknown = JSON.parse(text);
    return typeof said === 'object' && said !== null && !Array.isArray(said) ? (said as Record<string, unknown>) : null;
  } catch {
    // Whoever asked says what is wrong with it.
    return null;
  }
}
