import { toError } from '../runtime/errors.ts';
import { Emitter, type Event } from '../runtime/events.ts';
import type { Disposable } from '../runtime/lifecycle.ts';
import type { FrameChannel } from './frameChannel.ts';

/** A JSON-RPC message, as far as the transport cares. */
interface Message {
  jsonrpc: string;
}

/** Hands the frames of an authenticated channel to a JSON-RPC connection; has the shape of its `MessageReader`. */
export class FrameMessageReader implements Disposable {
  readonly #channel: FrameChannel;
  readonly #errorEmitter = new Emitter<Error>(() => undefined);
  readonly #partialEmitter = new Emitter<never>(() => undefined);

  constructor(channel: FrameChannel) {
    this.#channel = channel;
  }

  get onError(): Event<Error> {
    return this.#errorEmitter.event;
  }

  get onPartialMessage(): Event<never> {
    return this.#partialEmitter.event;
  }

  readonly onClose: Event<void> = (listener, thisArg, disposables) =>
    this.#channel.onDidClose(() => listener.call(thisArg), undefined, disposables);

  listen(callback: (message: Message) => void): Disposable {
    this.#channel.listen((message) => {
      if (isMessage(message)) callback(message);
      else this.#channel.dispose();
    });
    return { dispose: () => undefined };
  }

  dispose(): void {
    this.#errorEmitter.dispose();
    this.#partialEmitter.dispose();
  }
}

/** Sends the messages of a JSON-RPC connection as frames; has the shape of its `MessageWriter`. */
export class FrameMessageWriter implements Disposable {
  readonly #channel: FrameChannel;
  readonly #tooLong: (message: Message) => Message | null;
  readonly #errorEmitter = new Emitter<[Error, Message | undefined, number | undefined]>(() => undefined);

  /** `tooLong` says what to send in the place of a message that no peer would accept; null: nothing, and the write fails. */
  constructor(channel: FrameChannel, tooLong: (message: Message) => Message | null) {
    this.#channel = channel;
    this.#tooLong = tooLong;
  }

  get onError(): Event<[Error, Message | undefined, number | undefined]> {
    return this.#errorEmitter.event;
  }

  readonly onClose: Event<void> = (listener, thisArg, disposables) =>
    this.#channel.onDidClose(() => listener.call(thisArg), undefined, disposables);

  write(message: Message): Promise<void> {
    try {
      this.#channel.send(message);
      return Promise.resolve();
    } catch (error) {
      const substitute = this.#tooLong(message);
      if (substitute === null) return Promise.reject(toError(error));
      this.#channel.send(substitute);
      return Promise.resolve();
    }
  }

  end(): void {
    this.#channel.end();
  }

  dispose(): void {
    this.#errorEmitter.dispose();
  }
}

/** True for what JSON-RPC calls a request, a notification or a response; never for a batch. */
function isMessage(value: unknown): value is Message {
  return typeof value === 'object' && value !== null && 'jsonrpc' in value && value.jsonrpc === '2.0';
}
