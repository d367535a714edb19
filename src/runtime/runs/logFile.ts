import { close, closeSync, fstatSync, openSync, writeSync, writev } from 'node:fs';
import type { Readable } from 'node:stream';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { promisify } from 'node:util';
import type { Clock } from '../clock.ts';
import { toError } from '../errors.ts';
import { ByteTail } from './byteTail.ts';
import { LogIndex, type OutputStream } from './logIndex.ts';
import { firstCharacter, lastCharacterEnd } from './utf8.ts';

export interface LogFileOptions {
  /** Absolute; must end in `.log`, its index is written beside it as `.idx`. */
  readonly path: string;
  /** Largest log, in bytes; of what comes after it only the last 64 KiB are kept. Default 256 MiB. */
  readonly maxBytes?: number;
  readonly clock: Clock;
  /** Called after bytes became readable, with the size of the log; at most once per write. */
  readonly onDidGrow: (bytes: number) => void;
  /** Called once, when writing failed (disk full, folder gone). What comes after is read and dropped. */
  readonly onDidFail: (error: Error) => void;
}

/** What is known of a log once it is closed. */
export interface LogSummary {
  readonly bytes: number;
  /** The last 4 KiB of each output, whole characters only. */
  readonly stdoutExcerpt: string;
  readonly stderrExcerpt: string;
  readonly error: Error | null;
}

const defaultMaxBytes = 256 * 1024 * 1024;
const tailBytes = 64 * 1024;
const excerptBytes = 4096;
/** Sources are paused above `pauseAbove` unwritten bytes and go on below `resumeBelow`. */
const pauseAbove = 1024 * 1024;
const resumeBelow = pauseAbove / 2;
/** What a chunk costs beside its bytes, so that a million chunks of one byte are not taken for 1 MB. */
const chunkOverhead = 256;
/** A direct write that took longer, in milliseconds, says that the disk is behind. */
const slowWriteMs = 10;

const writeAll = promisify(writev);
const closeFile = promisify(close);

/**
 * The log of one run: the bytes of both outputs as they came. All work is per chunk, never per line. A chunk is written
 * at once, which costs a fraction of a hop to the thread pool. After a write that took long, chunks queue for the thread
 * pool until the disk has caught up, so that a slow one does not stop everything else; one write takes all that queue.
 */
export class LogFile {
  readonly #options: LogFileOptions;
  readonly #maxBytes: number;
  readonly #descriptor: number;
  readonly #sources: Readable[] = [];
  readonly #index = new LogIndex();
  readonly #excerpts = { out: new ByteTail(excerptBytes), err: new ByteTail(excerptBytes) };
  #indexDescriptor: number | null = null;
  /** Bytes accepted for the file, written or not; the next chunk's offset. */
  #accepted: number;
  #written: number;
  #chunks: Uint8Array[] = [];
  #indexLines = '';
  #unwritten = 0;
  #isPaused = false;
  /** True once a write took long; then nothing of this file waits on the main thread any more. */
  #isSlow = false;
  #tail: ByteTail | null = null;
  #error: Error | null = null;
  /** The writes on the thread pool; null while chunks are written directly. */
  #writing: Promise<void> | null = null;
  #closing: Promise<LogSummary> | null = null;

  /**
   * Opens the log, or goes on at the end of an existing one; readable by its owner only. Synchronous, because it
   * comes before the spawn and costs a fraction of a hop to the thread pool. Throws system errors.
   */
  static open(options: LogFileOptions): LogFile {
    const descriptor = openSync(options.path, 'a', 0o600);
    try {
      return new LogFile(options, descriptor, fstatSync(descriptor).size);
    } catch (error) {
      closeSync(descriptor);
      throw error;
    }
  }

  private constructor(options: LogFileOptions, descriptor: number, size: number) {
    this.#options = options;
    this.#maxBytes = options.maxBytes ?? defaultMaxBytes;
    this.#descriptor = descriptor;
    this.#accepted = size;
    this.#written = size;
  }

  /** Takes everything that `source` yields, and pauses it while the disk is behind. */
  follow(source: Readable, stream: OutputStream): void {
    this.#sources.push(source);
    source.on('data', (chunk: Buffer) => {
      this.#take(chunk, stream);
    });
    if (this.#isPaused) source.pause();
  }

  /** Adds a remark of Reveille's own, on a line for itself; none once the log is full. */
  note(text: string): void {
    const line = Buffer.from(`\n[Reveille ${text}]\n`);
    if (this.#closing !== null || this.#error !== null || this.#accepted + line.length > this.#maxBytes) return;
    this.#accept(line, 'out');
  }

  /** Writes what is left, and after a cap the marker and the tail; then closes. Never rejects; may be called twice. */
  close(): Promise<LogSummary> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  #take(chunk: Buffer, stream: OutputStream): void {
    if (this.#closing !== null) return;
    this.#excerpts[stream].push(chunk);
    if (this.#error !== null) return;
    const room = Math.max(0, this.#maxBytes - this.#accepted);
    if (room > 0) this.#accept(room < chunk.length ? chunk.subarray(0, room) : chunk, stream);
    if (room < chunk.length) {
      this.#tail ??= new ByteTail(tailBytes);
      this.#tail.push(chunk.subarray(room));
    }
  }

  #accept(chunk: Uint8Array, stream: OutputStream): void {
    this.#indexLines += this.#index.note(this.#accepted, stream, this.#options.clock.now()) ?? '';
    this.#put(chunk);
    if (this.#unwritten > pauseAbove) this.#pause();
  }

  #put(chunk: Uint8Array): void {
    this.#accepted += chunk.length;
    if (this.#writing === null) {
      this.#write(chunk);
    } else {
      this.#chunks.push(chunk);
      this.#unwritten += chunk.length + chunkOverhead;
    }
  }

  #write(chunk: Uint8Array): void {
    const { clock } = this.#options;
    const begunAt = clock.monotonic();
    try {
      writeFullySync(this.#descriptor, chunk);
      this.#written += chunk.length;
      this.#writeIndex();
    } catch (error) {
      this.#fail(toError(error));
      return;
    }
    if (clock.monotonic() - begunAt > slowWriteMs) {
      this.#isSlow = true;
      this.#writing = this.#writeQueued();
    }
    this.#options.onDidGrow(this.#written);
  }

  /** Goes on until nothing came during a write. */
  async #writeQueued(): Promise<void> {
    await nextTurn();
    while (this.#chunks.length > 0) {
      const chunks = this.#chunks;
      this.#chunks = [];
      const bytes = chunks.reduce((sum, { length }) => sum + length, 0);
      try {
        await writeFully(this.#descriptor, chunks);
        this.#written += bytes;
        this.#writeIndex();
        this.#options.onDidGrow(this.#written);
      } catch (error) {
        this.#fail(toError(error));
      }
      this.#unwritten -= bytes + chunks.length * chunkOverhead;
      if (this.#unwritten < resumeBelow) this.#resume();
    }
    this.#writing = null;
  }

  /** Short, and bounded in number by `LogIndex`. May be ahead of a log whose chunks still queue. */
  #writeIndex(): void {
    if (this.#indexLines === '') return;
    this.#indexDescriptor ??= openSync(this.#options.path.replace(/\.log$/, '.idx'), 'a', 0o600);
    writeFullySync(this.#indexDescriptor, Buffer.from(this.#indexLines));
    this.#indexLines = '';
  }

  #fail(error: Error): void {
    if (this.#error !== null) return;
    this.#error = error;
    this.#options.onDidFail(error);
  }

  #pause(): void {
    this.#isPaused = true;
    for (const source of this.#sources) source.pause();
  }

  #resume(): void {
    if (!this.#isPaused) return;
    this.#isPaused = false;
    for (const source of this.#sources) source.resume();
  }

  async #close(): Promise<LogSummary> {
    if (this.#tail !== null && this.#error === null) this.#enqueueTail(this.#tail);
    while (this.#writing !== null) await this.#writing;
    for (const descriptor of [this.#descriptor, this.#indexDescriptor]) {
      if (descriptor === null) continue;
      // Some file systems report a failed write only here.
      try {
        if (this.#isSlow) await closeFile(descriptor);
        else closeSync(descriptor);
      } catch (error) {
        this.#error ??= toError(error);
      }
    }
    return {
      bytes: this.#written,
      stdoutExcerpt: toExcerpt(this.#excerpts.out),
      stderrExcerpt: toExcerpt(this.#excerpts.err),
      error: this.#error,
    };
  }

  #enqueueTail(tail: ByteTail): void {
    const bytes = tail.read();
    if (tail.dropped === 0) {
      this.#put(bytes);
      return;
    }
    const whole = bytes.subarray(firstCharacter(bytes));
    const leftOut = tail.dropped + bytes.length - whole.length;
    this.#put(Buffer.from(`\n[Reveille left out ${String(leftOut)} bytes here: the log reached its limit]\n`));
    this.#put(whole);
  }
}

function toExcerpt(tail: ByteTail): string {
  const bytes = tail.read();
  return bytes.toString('utf8', tail.dropped > 0 ? firstCharacter(bytes) : 0, lastCharacterEnd(bytes));
}

function writeFullySync(descriptor: number, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length;) at += writeSync(descriptor, bytes, at);
}

/** A full disk may take only a part, without an error until the next try. */
async function writeFully(descriptor: number, chunks: readonly Uint8Array[]): Promise<void> {
  let rest = chunks;
  while (rest.length > 0) {
    const { bytesWritten } = await writeAll(descriptor, rest);
    rest = withoutFirst(rest, bytesWritten);
  }
}

function withoutFirst(chunks: readonly Uint8Array[], count: number): Uint8Array[] {
  let left = count;
  const rest: Uint8Array[] = [];
  for (const chunk of chunks) {
    if (left < chunk.length) rest.push(left > 0 ? chunk.subarray(left) : chunk);
    left = Math.max(0, left - chunk.length);
  }
  return rest;
}
