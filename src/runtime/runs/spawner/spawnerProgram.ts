/**
 * The small process that starts agents' programs on Linux: `fork` copies the page tables of the process that calls it, and
 * this one has hardly any. It connects to the runtime once for each standard stream of a child and gives the child the
 * connections, so that the output never passes through here. It ends when the runtime's end of the channel closes.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { rmdirSync, rmSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { dirname } from 'node:path';
import { systemErrorCode, toError } from '../../errors.ts';
import { identifyProcess } from '../../processIdentity.ts';
import type { SpawnerOrder, SpawnerReport, SpawnOrder, StreamDigit } from './spawnOrder.ts';

const [endpoint = ''] = process.argv.slice(2);
const children = new Map<string, ChildProcess>();

process.once('disconnect', () => {
  // A runtime that was killed could not remove what it listened on.
  try {
    rmSync(endpoint, { force: true });
    rmdirSync(dirname(endpoint));
  } catch {
    // The runtime has removed it, or will.
  }
  process.exit(0);
});
process.on('message', (order: SpawnerOrder) => {
  if (order.kind === 'spawn') void carryOut(order);
  else children.get(order.key)?.kill('SIGKILL');
});
report({ kind: 'ready' });

async function carryOut(order: SpawnOrder): Promise<void> {
  const { key } = order;
  const digits: StreamDigit[] = order.hasInput ? ['0', '1', '2'] : ['1', '2'];
  const sockets = digits.map((digit) => greet(key, digit));
  try {
    const streams = await Promise.all(sockets.map(({ greeted }) => greeted));
    start(order, order.hasInput ? streams : ['ignore', ...streams]);
  } catch (error) {
    report({ kind: 'failed', key, code: systemErrorCode(error) ?? null, text: toError(error).message });
  } finally {
    for (const { socket } of sockets) socket.destroy();
  }
}

/** Synchronous: a child is not reaped, and has its identity, until this has returned. @throws what `spawn` throws */
function start({ key, file, args, shell, cwd, env }: SpawnOrder, stdio: (Socket | 'ignore')[]): void {
  const child = spawn(file, args, { cwd, env, shell, stdio, detached: true });
  if (child.pid === undefined) {
    child.once('error', (error) => {
      report({ kind: 'failed', key, code: systemErrorCode(error) ?? null, text: error.message });
    });
    return;
  }
  children.set(key, child);
  child.once('exit', (exitCode, signal) => {
    children.delete(key);
    report({ kind: 'exited', key, exit: { exitCode, signal } });
  });
  // A signal that could not be sent; the exit tells the rest.
  child.on('error', () => undefined);
  report({ kind: 'started', key, identity: identifyProcess(child.pid) });
}

function greet(key: string, digit: StreamDigit): { readonly socket: Socket; readonly greeted: Promise<Socket> } {
  const socket = connect({ path: endpoint });
  const greeted = new Promise<Socket>((resolve, reject) => {
    // Stays: what happens to the connection later is the child's and the runtime's business.
    socket.on('error', reject);
    socket.write(key + digit, () => {
      resolve(socket);
    });
  });
  return { socket, greeted };
}

function report(message: SpawnerReport): void {
  process.send?.(message);
}
