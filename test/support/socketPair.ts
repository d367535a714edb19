import { createConnection, createServer, type Socket } from 'node:net';
import { createEndpoint } from '../../src/endpoint/endpointPath.ts';

/** Two ends of one real local socket. */
export interface SocketPair extends Disposable {
  readonly near: Socket;
  readonly far: Socket;
}

/** Opens a pair over a private endpoint of its own. */
export async function openSocketPair(): Promise<SocketPair> {
  const endpoint = createEndpoint();
  const server = createServer();
  const accepted = new Promise<Socket>((resolve) => server.once('connection', resolve));
  await new Promise<void>((resolve) => server.listen(endpoint.path, resolve));
  const near = createConnection(endpoint.path);
  const far = await accepted;
  for (const socket of [near, far]) socket.on('error', () => undefined);
  return {
    near,
    far,
    [Symbol.dispose]() {
      near.destroy();
      far.destroy();
      server.close();
      endpoint.dispose();
    },
  };
}
