import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createConnection, type Socket } from 'node:net';
import { RuntimeClient } from '../../../src/connection/client.ts';
import { encodeFrame } from '../../../src/endpoint/framing.ts';
import { createToken } from '../../../src/endpoint/handshake.ts';
import type { OwnerRecord } from '../../../src/endpoint/ownerRecord.ts';
import { protocolVersion } from '../../../src/protocol.ts';
import { systemClock } from '../../../src/runtime/clock.ts';
import { buildProduct } from '../../support/productBuild.ts';
import { Place } from '../../support/runtimeProcess.ts';

/** Memory of a process in MB, as the system counts it. */
function residentMb(pid: number): number {
  if (process.platform === 'linux') {
    return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024;
  }
  return Number(execFileSync('ps', ['-o', 'rss=', '-p', String(pid)], { encoding: 'utf8' })) / 1024;
}

/** Says this to the runtime and resolves once it has closed the connection; a socket that stays open fails by its test's limit. */
async function say(owner: OwnerRecord, pieces: Iterable<Buffer>): Promise<void> {
  const socket: Socket = createConnection(owner.endpoint ?? '');
  socket.on('error', () => undefined);
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
  await once(socket, 'connect');
  socket.resume();
  for (const piece of pieces) {
    if (socket.destroyed) break;
    if (!socket.write(piece)) await Promise.race([new Promise((resolve) => socket.once('drain', resolve)), closed]);
  }
  await closed;
}

function* hundredMegabytes(): Generator<Buffer> {
  const header = Buffer.alloc(4);
  header.writeUInt32BE(100 * 1024 * 1024);
  yield header;
  const megabyte = Buffer.alloc(1024 * 1024, 'x');
  for (let index = 0; index < 100; index += 1) yield megabyte;
}

describe('A runtime process and strangers', function () {
  this.timeout(30_000);
  before(() => buildProduct());

  it('refuses them within bounded memory, and goes on serving its window', async () => {
    await using place = await Place.make();
    const window = await place.openReadyWindow();
    const { owner } = place;
    const before = residentMb(window.pid);

    const token = createToken();
    const { endpoint } = owner;
    const { build } = place.product;
    const { logger } = place;
    assert(endpoint !== null);
    await assert.rejects(
      RuntimeClient.connect({ endpoint, token, protocol: protocolVersion, build, clock: systemClock, logger }),
    );
    await say(owner, [Buffer.from('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n')]);
    await say(owner, [
      encodeFrame({ jsonrpc: '2.0', id: 1, method: 'runtime.stop', params: { mode: 'now', reason: '' } }),
    ]);
    await Promise.all(Array.from({ length: 8 }, () => say(owner, hundredMegabytes())));
    const request = window.connection.request.bind(window.connection) as (
      method: string,
      params: object,
    ) => Promise<unknown>;
    await assert.rejects(request('nobody.knows', {}), { kind: 'version' });

    const grownMb = residentMb(window.pid) - before;
    assert.equal(grownMb < 30, true, `It grew by ${grownMb.toFixed(1)} MB`);
    assert.equal(window.connection.status.kind, 'connected');
    assert.equal((await window.settled(await window.wake('quick'))).status, 'succeeded');
    assert.equal(place.owner.epoch, 1);
  });
});
