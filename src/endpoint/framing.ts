/** Longest message from somebody who has not proved who they are, in bytes. */
export const strangerFrameBytes = 64 * 1024;
/** Longest message from an authenticated peer, in bytes. */
export const peerFrameBytes = 4 * 1024 * 1024;

const headerBytes = 4;
const firstBufferBytes = 64 * 1024;
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** What came over the wire cannot be a message; the connection is of no further use. */
export class FramingError extends Error {
  override readonly name = 'FramingError';
}

/**
 * One message as it travels: its length in bytes (uint32, big endian), then its JSON in UTF-8.
 * @throws FramingError if it is longer than any peer would accept.
 */
export function encodeFrame(message: unknown): Buffer {
  const text = JSON.stringify(message);
  const length = Buffer.byteLength(text);
  if (length > peerFrameBytes) throw new FramingError(`A message of ${String(length)} bytes is too long to be sent`);
  const frame = Buffer.allocUnsafe(headerBytes + length);
  frame.writeUInt32BE(length, 0);
  frame.write(text, headerBytes);
  return frame;
}

/**
 * Cuts a stream of bytes, however it is chunked, into messages. The announced length is judged before anything is kept,
 * and what is kept of an unfinished message grows with the bytes that really came.
 */
export class FrameDecoder {
  /** Longest message accepted, in bytes. */
  limit: number;
  readonly #header = Buffer.alloc(headerBytes);
  #headerFilled = 0;
  #expected = 0;
  #body = Buffer.alloc(0);
  #bodyFilled = 0;

  constructor(limit: number) {
    this.limit = limit;
  }

  /**
   * Takes the next bytes and hands each message that they complete to `onMessage`.
   * @throws FramingError for a length beyond the limit, no length, broken UTF-8 or broken JSON.
   */
  push(chunk: Buffer, onMessage: (message: unknown) => void): void {
    let position = 0;
    while (position < chunk.length) {
      if (this.#headerFilled < headerBytes) {
        position += this.#takeHeader(chunk, position);
        continue;
      }
      const missing = this.#expected - this.#bodyFilled;
      const piece = chunk.subarray(position, position + missing);
      position += piece.length;
      if (piece.length < missing) this.#keep(piece);
      else onMessage(this.#finish(piece));
    }
  }

  #takeHeader(chunk: Buffer, position: number): number {
    const taken = chunk.copy(this.#header, this.#headerFilled, position, position + headerBytes - this.#headerFilled);
    this.#headerFilled += taken;
    if (this.#headerFilled < headerBytes) return taken;
    this.#expected = this.#header.readUInt32BE(0);
    if (this.#expected === 0) throw new FramingError('An empty message');
    if (this.#expected > this.limit) {
      throw new FramingError(`A message of ${String(this.#expected)} bytes, where ${String(this.limit)} are allowed`);
    }
    return taken;
  }

  #keep(piece: Buffer): void {
    const needed = this.#bodyFilled + piece.length;
    if (needed > this.#body.length) {
      const size = Math.min(this.#expected, Math.max(needed, this.#body.length * 2, firstBufferBytes));
      const larger = Buffer.allocUnsafe(size);
      this.#body.copy(larger, 0, 0, this.#bodyFilled);
      this.#body = larger;
    }
    piece.copy(this.#body, this.#bodyFilled);
    this.#bodyFilled = needed;
  }

  #finish(lastPiece: Buffer): unknown {
    let bytes = lastPiece;
    if (this.#bodyFilled > 0) {
      this.#keep(lastPiece);
      bytes = this.#body.subarray(0, this.#bodyFilled);
    }
    this.#headerFilled = 0;
    this.#bodyFilled = 0;
    this.#body = Buffer.alloc(0);
    return parseMessage(bytes);
  }
}

function parseMessage(bytes: Buffer): unknown {
  try {
    return JSON.parse(utf8.decode(bytes)) as unknown;
  } catch (error) {
    throw new FramingError('A message that is not JSON in UTF-8', { cause: error });
  }
}
