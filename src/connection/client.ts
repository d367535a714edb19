import { createConnection } from 'node:net';
import { createMessageConnection, ErrorCodes, ResponseError, type MessageConnection } from 'vscode-jsonrpc/node';
import { assertOwnEndpoint } from '../endpoint/endpointPath.ts';
import { FrameChannel } from '../endpoint/frameChannel.ts';
import { FrameMessageReader, FrameMessageWriter } from '../endpoint/frameMessages.ts';
import { strangerFrameBytes } from '../endpoint/framing.ts';
import { greetServer, type HandshakeOptions, type Peer } from '../endpoint/handshake.ts';
import {
  errorData,
  notifications,
  requests,
  type Method,
  type Notifications,
  type Params,
  type Result,
} from '../protocol.ts';
import { toError, UserError, type UserErrorKind } from '../runtime/errors.ts';
import { Emitter, type Event } from '../runtime/events.ts';
import type { Disposable } from '../runtime/lifecycle.ts';
import type { Logger } from '../runtime/log.ts';

export interface ClientOptions extends HandshakeOptions {
  /** Path of the socket or name of the pipe. */
  readonly endpoint: string;
  readonly logger: Logger;
}

/** One authenticated connection to a runtime. Both directions are validated; nothing is repeated. */
export class RuntimeClient implements Disposable {
  /** What runs at the other end. */
  readonly peer: Peer;
  readonly #channel: FrameChannel;
  readonly #connection: MessageConnection;
  readonly #logger: Logger;
  readonly #didCloseEmitter: Emitter<void>;
  readonly #didChangeEmitter: Emitter<Notifications['changes']>;
  readonly #didResnapshotEmitter: Emitter<Notifications['resnapshot']>;
  readonly #didGrowLogEmitter: Emitter<Notifications['logGrew']>;

  private constructor(channel: FrameChannel, peer: Peer, logger: Logger) {
    const onError = (error: unknown): void => {
      logger.error('A listener of a connection failed', toError(error));
    };
    this.peer = peer;
    this.#channel = channel;
    this.#logger = logger;
    this.#didCloseEmitter = new Emitter(onError);
    this.#didChangeEmitter = new Emitter(onError);
    this.#didResnapshotEmitter = new Emitter(onError);
    this.#didGrowLogEmitter = new Emitter(onError);
    this.#connection = createMessageConnection(
      new FrameMessageReader(channel),
      new FrameMessageWriter(channel, () => null),
      {
        error: (message) => {
          logger.warn('JSON-RPC', message);
        },
        warn: () => undefined,
        info: () => undefined,
        log: () => undefined,
      },
    );
    this.#forward('changes', this.#didChangeEmitter);
    this.#forward('resnapshot', this.#didResnapshotEmitter);
    this.#forward('logGrew', this.#didGrowLogEmitter);
    channel.onDidClose(() => {
      this.#connection.dispose();
      this.#didCloseEmitter.fire();
    });
    this.#connection.listen();
  }

  /**
   * Connects to a runtime and has both sides prove the token; takes 2 s at most.
   * @throws UserError of kind `version`, `unreachable` or `storage` (an endpoint that is not private); a system error
   * if nobody listens there.
   */
  static async connect(options: ClientOptions): Promise<RuntimeClient> {
    const channel = await openChannel(options.endpoint);
    const peer = await greetServer(channel, options);
    return new RuntimeClient(channel, peer, options.logger);
  }

  get isClosed(): boolean {
    return this.#channel.isClosed;
  }

  /** Fires once, when the connection has ended for whatever reason. */
  get onDidClose(): Event<void> {
    return this.#didCloseEmitter.event;
  }

  get onDidChange(): Event<Notifications['changes']> {
    return this.#didChangeEmitter.event;
  }

  get onDidResnapshot(): Event<Notifications['resnapshot']> {
    return this.#didResnapshotEmitter.event;
  }

  get onDidGrowLog(): Event<Notifications['logGrew']> {
    return this.#didGrowLogEmitter.event;
  }

  /**
   * Sends one request.
   * @throws UserError with the runtime's message, of kind `unreachable` if the connection is lost meanwhile (the request
   * may have been done), of kind `version` if this build does not understand the answer; Error if the runtime failed.
   */
  async request<M extends Method>(method: M, params: Params<M>): Promise<Result<M>> {
    let answer: unknown;
    try {
      answer = await this.#connection.sendRequest(method, params);
    } catch (error) {
      throw this.#explain(error);
    }
    const parsed = requests[method].result.safeParse(answer);
    if (parsed.success) return parsed.data as Result<M>;
    this.#logger.warn('An answer was not understood', method, parsed.error.message);
    throw new UserError(
      'version',
      'The Reveille runtime answers in an unknown way. Reload the window to update Reveille.',
    );
  }

  dispose(): void {
    this.#channel.dispose();
  }

  #forward<K extends keyof Notifications>(method: K, emitter: Emitter<Notifications[K]>): void {
    this.#connection.onNotification(method, (params: unknown) => {
      const parsed = notifications[method].safeParse(params);
      if (parsed.success) emitter.fire(parsed.data as Notifications[K]);
      else this.#logger.warn('A notification was not understood', method, parsed.error.message);
    });
  }

  #explain(error: unknown): Error {
    if (this.isClosed || (error instanceof ResponseError && error.code === ErrorCodes.PendingResponseRejected)) {
      return new UserError(
        'unreachable',
        'The connection to the Reveille runtime was lost. Look whether it was done, then retry.',
        {
          cause: error,
        },
      );
    }
    if (!(error instanceof ResponseError)) return toError(error);
    if (error.code === ErrorCodes.MethodNotFound) {
      return new UserError(
        'version',
        'The Reveille runtime of this folder cannot do that yet. Reload the window to update it.',
      );
    }
    const data = errorData.safeParse(error.data);
    return data.success
      ? new UserError(data.data.kind as UserErrorKind, error.message)
      : new Error(error.message, { cause: error });
  }
}

function openChannel(endpoint: string): Promise<FrameChannel> {
  return new Promise((resolve, reject) => {
    assertOwnEndpoint(endpoint);
    const socket = createConnection(endpoint);
    socket.once('error', reject);
    socket.once('connect', () => {
      socket.removeListener('error', reject);
      resolve(new FrameChannel(socket, strangerFrameBytes));
    });
  });
}
