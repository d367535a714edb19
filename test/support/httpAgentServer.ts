import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';

/** A request that the server got. */
export interface Received {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

export type Answerer = (response: ServerResponse, received: Received, count: number) => void;

/** A server on loopback that answers as a test wants, and keeps what it was asked. */
export class HttpAgentServer implements AsyncDisposable {
  readonly received: Received[] = [];
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #answerers: [route: string, answer: Answerer][] = [];
  readonly #waiters: (() => void)[] = [];

  private constructor(server: Server) {
    this.#server = server;
    server.on('connection', (socket) => {
      this.#sockets.add(socket);
      socket.on('error', () => undefined);
      socket.on('close', () => this.#sockets.delete(socket));
    });
    server.on('request', (request, response) => {
      void this.#answer(request, response);
    });
  }

  static async open(): Promise<HttpAgentServer> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return new HttpAgentServer(server);
  }

  /** Where `path` is, as a url. */
  url(path = '/'): string {
    return `http://127.0.0.1:${String((this.#server.address() as AddressInfo).port)}${path}`;
  }

  /** Connections that are open. */
  get connections(): number {
    return this.#sockets.size;
  }

  /** How requests of a route (`POST /runs`) are answered; `count` is 1 for its first one. A later one replaces an earlier. */
  on(route: string, answer: Answerer): this {
    this.#answerers.unshift([route, answer]);
    return this;
  }

  /** The requests of a route so far. */
  of(route: string): Received[] {
    return this.received.filter(({ method, path }) => `${method} ${path}` === route);
  }

  /** Resolves once a route was asked so often. */
  async asked(route: string, times = 1): Promise<void> {
    while (this.of(route).length < times) await new Promise<void>((resolve) => this.#waiters.push(resolve));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    try {
      for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
    } catch {
      return;
    }
    const received = {
      method: request.method ?? '',
      path: request.url ?? '',
      headers: request.headers,
      body: Buffer.concat(chunks).toString('utf8'),
    };
    this.received.push(received);
    for (const wake of this.#waiters.splice(0)) wake();
    const route = `${received.method} ${received.path}`;
    const answer = this.#answerers.find(([known]) => known === route)?.[1];
    if (answer === undefined) response.writeHead(404).end();
    else answer(response, received, this.of(route).length);
  }
}

/** Answers with JSON. */
export function json(
  response: ServerResponse,
  body: unknown,
  status = 200,
  headers: Readonly<Record<string, string>> = {},
): void {
  response.writeHead(status, { 'Content-Type': 'application/json', ...headers }).end(JSON.stringify(body));
}

/** Begins an answer of lines; answers what writes one. */
export function lines(
  response: ServerResponse,
  headers: Readonly<Record<string, string>> = {},
): (line: object | string) => void {
  response.writeHead(200, { 'Content-Type': 'application/x-ndjson', ...headers });
  return (line) => {
    response.write(`${typeof line === 'string' ? line : JSON.stringify(line)}\n`);
  };
}

/** Breaks the connection. */
export function drop(response: ServerResponse): void {
  response.socket?.resetAndDestroy();
}
