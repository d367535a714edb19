import { RuntimeClient } from '../../src/connection/client.ts';
import { createEndpoint } from '../../src/endpoint/endpointPath.ts';
import { createToken } from '../../src/endpoint/handshake.ts';
import { protocolVersion, requests, type Snapshot } from '../../src/protocol.ts';
import { systemClock } from '../../src/runtime/clock.ts';
import { UserError } from '../../src/runtime/errors.ts';
import { Server, type RequestHandlers } from '../../src/runtime/server.ts';
import { sampleSnapshot } from './sampleState.ts';
import { TestLogger } from './testLogger.ts';

export const testBuild = { version: '1.0.0', stamp: 1 };

/** A real server on a real socket; only what the requests do is made up. */
export interface TestServer extends AsyncDisposable {
  readonly server: Server;
  readonly endpoint: string;
  readonly token: string;
  readonly logger: TestLogger;
  /** An authenticated client; `attach` attaches it as a trusted window. */
  connect(): Promise<RuntimeClient>;
  attach(): Promise<RuntimeClient>;
}

/** Handlers that refuse whatever the test does not say. */
export function handlersWith(some: Partial<RequestHandlers>): RequestHandlers {
  const refusals = Object.keys(requests).map((method) => [
    method,
    () => {
      throw new UserError('refused', `The test has no ${method}`);
    },
  ]);
  return { ...(Object.fromEntries(refusals) as RequestHandlers), ...some };
}

export async function startTestServer(
  options: { handlers?: Partial<RequestHandlers>; snapshot?: () => Snapshot } = {},
): Promise<TestServer> {
  const endpoint = createEndpoint();
  const token = createToken();
  const logger = new TestLogger();
  const server = new Server({
    endpoint,
    token,
    build: testBuild,
    logger,
    clock: systemClock,
    handlers: handlersWith(options.handlers ?? {}),
    findActingRun: (id) => ({ id, agent: 'acting' }),
    snapshot: () => Promise.resolve((options.snapshot ?? sampleSnapshot)()),
  });
  await server.start();
  const clients: RuntimeClient[] = [];
  const connect = async (): Promise<RuntimeClient> => {
    const client = await RuntimeClient.connect({
      endpoint: endpoint.path,
      token,
      build: testBuild,
      protocol: protocolVersion,
      clock: systemClock,
      logger,
    });
    clients.push(client);
    return client;
  };
  return {
    server,
    endpoint: endpoint.path,
    token,
    logger,
    connect,
    async attach() {
      const client = await connect();
      await client.request('attach', { kind: 'window', version: '1.0.0', isTrusted: true });
      return client;
    },
    async [Symbol.asyncDispose]() {
      for (const client of clients) client.dispose();
      await server.stop();
      endpoint.dispose();
    },
  };
}

/** Resolves with the first event that `accepts`. */
export function nextEvent<T>(
  event: (listener: (value: T) => unknown) => { dispose(): void },
  accepts: (value: T) => boolean = () => true,
): Promise<T> {
  return new Promise((resolve) => {
    const subscription = event((value) => {
      if (!accepts(value)) return;
      subscription.dispose();
      resolve(value);
    });
  });
}
