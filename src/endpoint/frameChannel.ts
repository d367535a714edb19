import type { Socket } from 'node:net';
import { toError } from '../runtime/errors.ts';
import { Emitter, type Event } from '../runtime/events.ts';
import type { Disposable } from '../runtime/lifecycle.ts';
import { encodeFrame, FrameDecoder } from './framing.ts';

/**
 * Messages over one socket. Owns the socket. Anything malformed ends it: `onDidClose` then tells why.
 * Messages that nobody listens for yet wait, and the socket is not read further meanwhile.
 */
export class FrameChannel implements Disposable {
  readonly #socket: Socket;
  readonly #decoder: FrameDecoder;
  readonly #waiting: unknown[] = [];
  readonly #didCloseEmitter = new Emitter<Error | null>(() => undefined);
  /** A listener that fails leaves the other side without what it was to get. */
  readonly #didDrainEmitter = new Emitter<void>((error) => {
    this.#fail(toError(error));
  });
  #listener: ((message: unknown) => void) | null = null;
  #failure: Error | null = null;
  #isClosed = false;

  /** `limit`: longest message accepted, in bytes. */
  constructor(socket: Socket, limit: number) {
    this.#socket = socket;
    this.#decoder = new FrameDecoder(limit);
    socket.setNoDelay(true);
    socket.on('data', (chunk: Buffer) => {
      this.#receive(chunk);
    });
    socket.on('error', (error) => {
      this.#failure ??= error;
    });
    socket.on('drain', () => {
      this.#didDrainEmitter.fire();
    });
    socket.on('close', () => {
      this.#isClosed = true;
      this.#didCloseEmitter.fire(this.#failure);
      this.#didCloseEmitter.dispose();
      this.#didDrainEmitter.dispose();
    });
  }

  /** Fires once, with what went wrong if something did. */
  get onDidClose(): Event<Error | null> {
    return this.#didCloseEmitter.event;
  }

  /** Fires when everything that was sent has left this process. */
  get onDidDrain(): Event<void> {
    return this.#didDrainEmitter.event;
  }

  get isClosed(): boolean {
    return this.#isClosed || this.#socket.destroyed;
  }

  /** What closed the channel, if it was an error. */
  get failure(): Error | null {
    return this.#failure;
  }

  /** Bytes handed over that the other side has not taken yet. */
  get unsentBytes(): number {
    return this.#socket.writableLength;
  }

  setLimit(bytes: number): void {
    this.#decoder.limit = bytes;
  }

  /** Hands all further messages, those waiting first, to one listener; replaces the one before. */
  listen(listener: (message: unknown) => void): void {
    this.#listener = listener;
    for (const message of this.#waiting.splice(0)) listener(message);
    this.#socket.resume();
  }

  /**
   * Resolves with the next message; later ones wait until they are asked for.
   * @throws Error if the channel closes before.
   */
  read(): Promise<unknown> {
    return new Promise((resolve, reject) => {
      if (this.#waiting.length > 0) {
        resolve(this.#waiting.shift());
        return;
      }
      if (this.isClosed) {
        reject(this.#failure ?? new Error('The connection was closed'));
        return;
      }
      const closed = this.onDidClose((failure) => {
        reject(failure ?? new Error('The connection was closed'));
      });
      this.listen((message) => {
        this.#listener = null;
        closed.dispose();
        resolve(message);
      });
    });
  }

  /** Stops or resumes taking in bytes. */
  setPaused(isPaused: boolean): void {
    if (isPaused) this.#socket.pause();
    else this.#socket.resume();
  }

  /** @throws FramingError if the message is too long. */
  send(message: unknown): void {
    this.sendFrame(encodeFrame(message));
  }

  /** Sends a frame made by `encodeFrame`; does nothing once the channel is closed. */
  sendFrame(frame: Buffer): void {
    if (!this.isClosed && this.#socket.writable) this.#socket.write(frame);
  }

  /** Lets what was sent leave, then closes, whatever the other side does. */
  end(): void {
    this.#socket.destroySoon();
  }

  /** Closes at once. */
  dispose(): void {
    this.#socket.destroy();
  }

  #receive(chunk: Buffer): void {
    try {
      this.#decoder.push(chunk, (message) => {
        this.#deliver(message);
      });
    } catch (error) {
      this.#fail(toError(error));
    }
  }

  #fail(error: Error): void {
    this.#failure ??= error;
    this.#socket.destroy();
  }

  #deliver(message: unknown): void {
    if (this.#socket.destroyed) return;
    if (this.#listener !== null) {
      this.#listener(message);
      return;
    }
    this.#waiting.push(message);
    this.#socket.pause();
  }
}
