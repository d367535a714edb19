import type { AgentEvent, EventReader } from '../adapters/events.ts';
import { isFinal, parseHttpState } from '../adapters/httpState.ts';
import { LineSplitter } from '../adapters/lineSplitter.ts';
import type { Clock } from '../clock.ts';
import type { HttpOptions } from '../definition.ts';
import { HttpAddresses } from './httpAddresses.ts';
import { parseJsonObject } from './httpBody.ts';
import { exchange } from './httpExchange.ts';
import { replayLog } from './replayLog.ts';

const maxLineBytes = 1024 * 1024;

/** What became of telling the server of a lost run to stop. */
export type Parting = 'told' | 'over' | 'no_address' | 'secrets' | 'unreachable';

/** What people are told of it. */
export const partingTexts: Readonly<Record<Parting, string>> = {
  told: 'Its server was told to stop.',
  over: 'Its server had ended it.',
  no_address: 'Its server could not be told to stop, for it had named no address for that: it may still be at work.',
  secrets:
    'Its server could not be told to stop, for that takes a secret, which no window had brought yet: it may still be at work.',
  unreachable: 'Its server could not be told to stop, for it did not take that: it may still be at work.',
};

/**
 * Tells the server of a lost run to stop, at the address that it had named in its states, as the log has them. Headers with secrets
 * cannot be sent: nobody has brought them so early. Resolves within `limitMs`, about. Never rejects.
 */
export async function callOffLost(
  { url, headers }: Pick<HttpOptions, 'url' | 'headers'>,
  { logPath, clock, limitMs }: { readonly logPath: string; readonly clock: Clock; readonly limitMs: number },
): Promise<Parting> {
  const reader = new AddressReader(new URL(url));
  const ending = new AbortController();
  const timer = clock.setTimeout(() => {
    ending.abort();
  }, limitMs);
  try {
    const isOver = (): boolean => ending.signal.aborted;
    // A log that cannot be read names no address.
    await replayLog(logPath, { reader, tell: () => undefined, isOver }).catch(() => undefined);
    if (reader.isOver) return 'over';
    const { cancel } = reader.addresses;
    if (cancel === null) return 'no_address';
    const plain = Object.entries(headers).flatMap(([name, value]) =>
      typeof value === 'string' ? [[name, value]] : [],
    );
    if (plain.length < Object.keys(headers).length) return 'secrets';
    const asked = { ...cancel, headers: Object.fromEntries(plain) as Record<string, string>, body: null };
    const result = await exchange({ ...asked, answerMs: limitMs, clock, signal: ending.signal });
    if (result.kind !== 'answer') return 'unreachable';
    const { status, body } = result.answer;
    body.destroy();
    if (status === 404 || status === 409 || status === 410) return 'over';
    return status >= 200 && status < 300 ? 'told' : 'unreachable';
  } finally {
    timer.dispose();
  }
}

/** Hears nothing but where the server lets itself be told to stop, and that there is nothing to stop any more. */
class AddressReader implements EventReader {
  readonly addresses: HttpAddresses;
  isOver = false;
  readonly #url: URL;
  readonly #lines = new LineSplitter(maxLineBytes);

  constructor(url: URL) {
    this.#url = url;
    this.addresses = new HttpAddresses(url);
  }

  push(bytes: Uint8Array, stream: 'out' | 'err'): readonly AgentEvent[] {
    if (stream === 'out') {
      this.#lines.push(bytes, (line) => {
        if (line !== null) this.#read(Buffer.from(line).toString('utf8'));
      });
    }
    return [];
  }

  end(): readonly AgentEvent[] {
    return [];
  }

  #read(line: string): void {
    const said = line.includes('"reveille"') ? parseJsonObject(line) : null;
    const state = said?.['reveille'] === 'state' ? parseHttpState(said) : null;
    if (state === null) return;
    this.addresses.note(state, this.#url);
    if (isFinal(state)) this.isOver = true;
  }
}
