import { randomUUID } from 'node:crypto';
import { createServer, type Server as NetServer, type Socket } from 'node:net';
import { createMessageConnection, ErrorCodes, ResponseError, type Message } from 'vscode-jsonrpc/node';
import type { Build } from '../endpoint/build.ts';
import { FrameChannel } from '../endpoint/frameChannel.ts';
import { FrameMessageReader, FrameMessageWriter } from '../endpoint/frameMessages.ts';
import { encodeFrame, FramingError, peerFrameBytes, strangerFrameBytes } from '../endpoint/framing.ts';
import { greetClient } from '../endpoint/handshake.ts';
import {
  protocolVersion,
  requests,
  userErrorCode,
  type ChangeBatch,
  type Method,
  type Notifications,
  type Requests,
  type Result,
  type Snapshot,
} from '../protocol.ts';
import { boundSnapshot } from './boundedSnapshot.ts';
import { ChangeHistory } from './changeHistory.ts';
import type { Clock } from './clock.ts';
import { beyondAgents, toError, UserError } from './errors.ts';
import { Emitter, type Event } from './events.ts';
import { LogGrowth } from './logGrowth.ts';
import type { Logger } from './log.ts';
import { maxUnsentBytes, ServerClient, type ClientContext } from './serverClient.ts';

/** Requests that are about the connection itself; the server answers them. */
type OwnMethod = 'attach' | 'updateClient' | 'synchronize' | 'log.watch';

/** Parameters of a request after validation. */
export type ParsedParams<M extends Method> = ReturnType<Requests[M]['params']['parse']>;

/** What the runtime does for its clients. Throw `UserError` for what the person should read. */
export type RequestHandlers = {
  readonly [M in Exclude<Method, OwnMethod>]: (
    params: ParsedParams<M>,
    client: ClientContext,
  ) => Promise<Result<M>> | Result<M>;
};

export interface ServerOptions {
  /** Where to listen; belongs to the caller. */
  readonly endpoint: { readonly path: string };
  /** What clients have to prove. */
  readonly token: string;
  readonly build: Build;
  readonly logger: Logger;
  readonly clock: Clock;
  readonly handlers: RequestHandlers;
  /** The agent in whose run a client acts. Throws `UserError` unless that run is running. */
  readonly findActingRun: (runId: string) => NonNullable<ClientContext['run']>;
  /** The state as of the call; resolves once all of it is durable. */
  readonly snapshot: () => Promise<Snapshot>;
}

const maxConnections = 64;
const maxStrangers = 16;
/** How long `stop` waits for what was sent to leave, in milliseconds. */
const farewellMs = 500;
/** Room for a snapshot within a message, in bytes. */
const maxSnapshotBytes = peerFrameBytes - 4096;

/** One authenticated connection; `client` from `attach` on. */
interface Conversation {
  readonly channel: FrameChannel;
  client: ServerClient | null;
}

/**
 * The runtime's side of the protocol: listens, has every connection prove the token, answers requests and sends
 * numbered changes. Knows nothing of what the requests do.
 */
export class Server {
  /** Identifies this numbering of changes; a new process makes a new one. */
  readonly instance = randomUUID();
  readonly #options: ServerOptions;
  readonly #net: NetServer;
  readonly #channels = new Set<FrameChannel>();
  readonly #clients = new Map<number, ServerClient>();
  readonly #history = new ChangeHistory();
  readonly #logGrowth: LogGrowth;
  readonly #didAttachEmitter: Emitter<ClientContext>;
  readonly #didUpdateEmitter: Emitter<ClientContext>;
  readonly #didDetachEmitter: Emitter<ClientContext>;
  #strangers = 0;
  #lastClientId = 0;
  #stopping: Promise<void> | null = null;

  constructor(options: ServerOptions) {
    this.#options = options;
    const onError = (error: unknown): void => {
      options.logger.error('A listener of the server failed', toError(error));
    };
    this.#didAttachEmitter = new Emitter(onError);
    this.#didUpdateEmitter = new Emitter(onError);
    this.#didDetachEmitter = new Emitter(onError);
    this.#logGrowth = new LogGrowth(options.clock, (growth) => {
      this.#announceGrowth(growth);
    });
    this.#net = createServer((socket) => {
      this.#welcome(socket);
    });
  }

  /** Fires after a client said who it is. */
  get onDidAttach(): Event<ClientContext> {
    return this.#didAttachEmitter.event;
  }

  /** Fires after a client's trust or settings changed. */
  get onDidUpdate(): Event<ClientContext> {
    return this.#didUpdateEmitter.event;
  }

  /** Fires after the connection of an attached client ended. */
  get onDidDetach(): Event<ClientContext> {
    return this.#didDetachEmitter.event;
  }

  /** The attached clients. */
  get clients(): readonly ClientContext[] {
    return [...this.#clients.values()];
  }

  /** Resolves once clients can connect. @throws the system error if the endpoint cannot be listened on. */
  start(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#net.once('error', reject);
      this.#net.listen(this.#options.endpoint.path, () => {
        this.#net.removeListener('error', reject);
        this.#net.on('error', (error) => {
          this.#options.logger.warn('The endpoint reported an error', error);
        });
        resolve();
      });
    });
  }

  /** Lets the answers on their way leave, then closes all connections. May be called twice. */
  stop(): Promise<void> {
    this.#stopping ??= this.#close();
    return this.#stopping;
  }

  /** Sends a durable batch to every synchronized client, and keeps it for those who missed it. */
  publish(batch: ChangeBatch): void {
    const frame = encodeIfShort('changes', batch);
    this.#history.add(batch, frame?.length ?? null);
    for (const client of this.#clients.values()) client.sendChanges(frame);
  }

  /** Tells clients that watch logs how long the log of a run is now. */
  growLog(growth: Notifications['logGrew']): void {
    this.#logGrowth.add(growth);
  }

  #announceGrowth(growth: Notifications['logGrew']): void {
    const frame = encodeNotification('logGrew', growth);
    for (const client of this.#clients.values()) client.sendLogGrowth(frame, growth.isSettled);
  }

  async #close(): Promise<void> {
    this.#logGrowth.dispose();
    const closed = new Promise<void>((resolve) => {
      this.#net.close(() => {
        resolve();
      });
    });
    for (const channel of this.#channels) channel.end();
    const limit = this.#options.clock.setTimeout(() => {
      for (const channel of this.#channels) channel.dispose();
    }, farewellMs);
    await closed;
    limit.dispose();
  }

  #welcome(socket: Socket): void {
    if (this.#channels.size >= maxConnections || this.#strangers >= maxStrangers || this.#stopping !== null) {
      socket.on('error', () => undefined);
      socket.destroy();
      return;
    }
    const channel = new FrameChannel(socket, strangerFrameBytes);
    this.#channels.add(channel);
    channel.onDidClose((failure) => {
      this.#channels.delete(channel);
      if (failure !== null) this.#options.logger.debug('A connection broke', failure.message);
    });
    void this.#authenticate(channel);
  }

  async #authenticate(channel: FrameChannel): Promise<void> {
    const { token, build, clock, logger } = this.#options;
    this.#strangers += 1;
    try {
      await greetClient(channel, { token, build, protocol: protocolVersion, clock });
    } catch (error) {
      logger.warn('A connection was refused', toError(error).message);
      return;
    } finally {
      this.#strangers -= 1;
    }
    this.#converse({ channel, client: null });
  }

  #converse(conversation: Conversation): void {
    const { channel } = conversation;
    const { logger } = this.#options;
    const connection = createMessageConnection(
      new FrameMessageReader(channel),
      new FrameMessageWriter(channel, refuseLong),
      {
        error: (message) => {
          logger.warn('JSON-RPC', message);
        },
        warn: (message) => {
          logger.debug('JSON-RPC', message);
        },
        info: () => undefined,
        log: () => undefined,
      },
    );
    connection.onRequest((method, params) => this.#answer(conversation, method, params));
    channel.onDidDrain(() => {
      channel.setPaused(false);
    });
    channel.onDidClose(() => {
      this.#detach(conversation);
      connection.dispose();
    });
    connection.listen();
  }

  async #answer(conversation: Conversation, method: string, params: unknown): Promise<unknown> {
    if (!isMethod(method))
      throw new ResponseError(ErrorCodes.MethodNotFound, `Unknown request ${method.slice(0, 100)}`);
    const parsed = requests[method].params.safeParse(params ?? {});
    if (!parsed.success) {
      const [problem] = parsed.error.issues;
      const place = problem?.path.join('.') ?? '';
      const message = `${method}: ${place === '' ? '' : `${place}: `}${problem?.message ?? 'invalid parameters'}`;
      throw new ResponseError(ErrorCodes.InvalidParams, message, { kind: 'invalid' });
    }
    try {
      return await this.#dispatch(conversation, method, parsed.data);
    } catch (error) {
      if (error instanceof UserError) throw new ResponseError(userErrorCode, error.message, { kind: error.kind });
      this.#options.logger.error('A request failed', method, toError(error));
      throw new ResponseError(ErrorCodes.InternalError, 'Something went wrong in the Reveille runtime; see its log.');
    } finally {
      if (conversation.channel.unsentBytes > maxUnsentBytes) conversation.channel.setPaused(true);
    }
  }

  #dispatch(conversation: Conversation, method: Method, params: unknown): unknown {
    if (method === 'attach') return this.#attach(conversation, params as ParsedParams<'attach'>);
    const { client } = conversation;
    if (client === null) throw new UserError('refused', 'Attach to the runtime before asking it for anything.');
    switch (method) {
      case 'updateClient':
        if (client.run !== null) throw beyondAgents();
        client.update(params as ParsedParams<'updateClient'>);
        this.#didUpdateEmitter.fire(client);
        return {};
      case 'synchronize':
        return this.#synchronize(client, params as ParsedParams<'synchronize'>);
      case 'log.watch':
        client.isWatchingLogs = (params as ParsedParams<'log.watch'>).enabled;
        return {};
      default: {
        const handler = this.#options.handlers[method] as (params: unknown, client: ClientContext) => unknown;
        return handler(params, client);
      }
    }
  }

  #attach(conversation: Conversation, params: ParsedParams<'attach'>): Result<'attach'> {
    if (conversation.client !== null) throw new UserError('refused', 'This connection is attached already.');
    if (conversation.channel.isClosed) throw new UserError('unreachable', 'The connection was closed.');
    const { runId, ...said } = params;
    const run = runId === undefined ? null : this.#options.findActingRun(runId);
    this.#lastClientId += 1;
    // An agent in its run has no say in settings, and needs no trust of its own: it was started under that of a person.
    const own = run === null ? said : { kind: said.kind, version: said.version, isTrusted: true };
    const client = new ServerClient(this.#lastClientId, { ...own, run }, conversation.channel, this.#snapshotFrame);
    conversation.client = client;
    this.#clients.set(client.id, client);
    this.#didAttachEmitter.fire(client);
    return { version: this.#options.build.version, instance: this.instance, pid: process.pid };
  }

  #detach({ client }: Conversation): void {
    if (client === null) return;
    client.dispose();
    this.#clients.delete(client.id);
    this.#didDetachEmitter.fire(client);
  }

  async #synchronize(client: ServerClient, params: ParsedParams<'synchronize'>): Promise<Result<'synchronize'>> {
    client.startChanges();
    const known = params.instance === this.instance ? params.sequence : null;
    const batches = known === null ? null : this.#history.since(known);
    if (batches !== null) return { kind: 'missed', batches };
    return { kind: 'snapshot', snapshot: boundSnapshot(await this.#options.snapshot(), maxSnapshotBytes) };
  }

  readonly #snapshotFrame = async (): Promise<Buffer> =>
    encodeNotification('resnapshot', boundSnapshot(await this.#options.snapshot(), maxSnapshotBytes));
}

function isMethod(name: string): name is Method {
  return Object.hasOwn(requests, name);
}

function encodeNotification<K extends keyof Notifications>(method: K, params: Notifications[K]): Buffer {
  return encodeFrame({ jsonrpc: '2.0', method, params });
}

function encodeIfShort(method: 'changes', batch: ChangeBatch): Buffer | null {
  try {
    return encodeNotification(method, batch);
  } catch (error) {
    if (error instanceof FramingError) return null;
    throw error;
  }
}

/** The answer that is sent when the real one fits into no message. */
function refuseLong(message: Message): Message | null {
  if (!('id' in message)) return null;
  const error = {
    code: userErrorCode,
    message: 'The answer is too long. Ask for less at a time.',
    data: { kind: 'invalid' },
  };
  return { jsonrpc: '2.0', id: message.id, error } as Message;
}
