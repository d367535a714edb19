import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { toDisposable, type Disposable } from '../runtime/lifecycle.ts';
import { assertPrivateDirectory } from './privateDirectory.ts';

/** A name to listen on that nobody else has; disposing it removes its directory. */
export interface Endpoint extends Disposable {
  /** A socket path, or the name of a named pipe. */
  readonly path: string;
}

/** The kernel's limit is 104 bytes on macOS and 108 on Linux, the closing zero included. */
const maxSocketPathBytes = 100;
const pipePrefix = '\\\\.\\pipe\\reveille-';

/** Makes a fresh endpoint: a socket in a private directory of its own, or a pipe with 128 random bits. */
export function createEndpoint(): Endpoint {
  if (process.platform === 'win32') {
    return { path: `${pipePrefix}${randomBytes(16).toString('hex')}`, dispose: () => undefined };
  }
  const directory = mkdtempSync(join(socketParent(tmpdir()), 'reveille-'));
  const removal = toDisposable(() => {
    rmSync(directory, { recursive: true, force: true });
  });
  return {
    path: join(directory, 's'),
    dispose: () => {
      removal.dispose();
    },
  };
}

/** The temporary folder to put the socket's directory in: the given one, or `/tmp` if paths in it get too long. */
export function socketParent(temporaryFolder: string): string {
  return Buffer.byteLength(join(temporaryFolder, 'reveille-XXXXXX', 's')) <= maxSocketPathBytes
    ? temporaryFolder
    : '/tmp';
}

/**
 * Checks an endpoint before connecting to it, since a record may name anything.
 * @throws UserError of kind `storage` if other users can reach the socket; a system error if it is gone.
 */
export function assertOwnEndpoint(path: string): void {
  if (process.platform === 'win32' && path.startsWith(pipePrefix)) return;
  assertPrivateDirectory(dirname(path));
}
