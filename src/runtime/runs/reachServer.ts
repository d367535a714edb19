import { toError } from '../errors.ts';

/** What a server answered, as far as it matters whether it is there. */
export type Reach =
  | { readonly kind: 'answered'; readonly status: number; readonly text: string; readonly session: string | null }
  | { readonly kind: 'failed'; readonly reason: string };

/** A request that only asks whether a server is there. */
export interface ReachRequest {
  readonly url: string;
  readonly method: 'POST' | 'HEAD' | 'DELETE';
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** Of an answer that goes on for ever nothing more is read. */
const mostBytes = 64 * 1024;

/**
 * Asks a server, follows no redirect, and reads the beginning of what it answers. Never rejects.
 * @param signal ends it, whatever it waits for
 */
export async function reachServer(request: ReachRequest, signal: AbortSignal): Promise<Reach> {
  try {
    const { url, method, headers, body } = request;
    const response = await fetch(url, {
      method,
      headers,
      redirect: 'manual',
      signal,
      ...(body !== undefined && { body }),
    });
    const text = await readBeginning(response);
    return { kind: 'answered', status: response.status, text, session: response.headers.get('mcp-session-id') };
  } catch (error) {
    return { kind: 'failed', reason: reasonOf(error, signal) };
  }
}

/** Up to the first message of a stream, which may stay open after it. */
async function readBeginning(response: Response): Promise<string> {
  if (response.body === null) return '';
  const reader = (response.body as ReadableStream<Uint8Array>).getReader();
  const decoder = new TextDecoder();
  let text = '';
  let bytes = 0;
  try {
    for (let { done, value } = await reader.read(); !done; { done, value } = await reader.read()) {
      text += decoder.decode(value, { stream: true });
      bytes += value?.length ?? 0;
      if (bytes >= mostBytes || /\r?\n\r?\n/.test(text)) break;
    }
  } finally {
    await reader.cancel().catch(() => undefined);
  }
  return text;
}

function reasonOf(error: unknown, signal: AbortSignal): string {
  if (signal.aborted) return 'it did not answer in time';
  const { message, cause } = toError(error);
  const inner = cause === undefined ? null : toError(cause);
  return inner === null || inner.message === '' ? message : inner.message;
}
