import { createServer, type Server, type Socket } from 'node:net';
import type { Disposable } from '../../lifecycle.ts';
import { greetingLength, keyLength, type StreamDigit } from './spawnOrder.ts';

/** How long a connection may take to say whose it is, in milliseconds. */
const greetingMs = 5000;

/** The streams of one child, as they come. */
export interface StreamTaker {
  take(digit: StreamDigit, socket: Socket): void;
}

/** Where the standard streams of children connect to; each goes to whoever waits for its key. */
export class StreamServer implements Disposable {
  readonly #server: Server;
  readonly #takers = new Map<string, StreamTaker>();
  readonly #strangers = new Set<Socket>();

  /** @param onDidFail called when it cannot listen */
  constructor(path: string, onDidFail: (error: Error) => void) {
    this.#server = createServer((socket) => {
      this.#meet(socket);
    });
    this.#server.on('error', onDidFail);
    this.#server.listen(path);
  }

  expect(key: string, taker: StreamTaker): void {
    this.#takers.set(key, taker);
  }

  forget(key: string): void {
    this.#takers.delete(key);
  }

  /** Streams that were taken go on. */
  dispose(): void {
    this.#server.close();
    for (const socket of this.#strangers) socket.destroy();
    this.#takers.clear();
  }

  #meet(socket: Socket): void {
    this.#strangers.add(socket);
    // A stream that breaks ends; `close` follows.
    socket.on('error', () => undefined);
    socket.setTimeout(greetingMs, () => socket.destroy());
    socket.once('close', () => this.#strangers.delete(socket));
    const look = (): void => {
      const greeting = socket.read(greetingLength) as Buffer | null;
      // Null also at the end of a connection that said less.
      if (greeting === null) return;
      socket.off('readable', look);
      socket.setTimeout(0);
      this.#strangers.delete(socket);
      const text = greeting.toString('latin1');
      const taker = this.#takers.get(text.slice(0, keyLength));
      if (taker) taker.take(text.slice(keyLength) as StreamDigit, socket);
      else socket.destroy();
    };
    socket.on('readable', look);
  }
}
