import assert from 'node:assert/strict';
import { once } from 'node:events';
import { FrameChannel } from '../../src/endpoint/frameChannel.ts';
import { encodeFrame, strangerFrameBytes } from '../../src/endpoint/framing.ts';
import {
  createToken,
  greetClient,
  greetServer,
  handshakeMs,
  type HandshakeOptions,
} from '../../src/endpoint/handshake.ts';
import { systemClock } from '../../src/runtime/clock.ts';
import { UserError } from '../../src/runtime/errors.ts';
import { ManualClock } from '../support/manualClock.ts';
import { openSocketPair } from '../support/socketPair.ts';

const token = createToken();
const ours: HandshakeOptions = { token, build: { version: '1.0.0', stamp: 1 }, protocol: 1, clock: systemClock };
const theirs: HandshakeOptions = { ...ours, build: { version: '1.1.0', stamp: 2 } };

describe('The handshake', () => {
  it('tells each side what the other is when both know the token', async () => {
    using pair = await openSocketPair();
    const client = greetServer(new FrameChannel(pair.near, strangerFrameBytes), ours);
    const server = greetClient(new FrameChannel(pair.far, strangerFrameBytes), theirs);
    assert.deepEqual(await client, { build: theirs.build, protocol: 1 });
    assert.deepEqual(await server, { build: ours.build, protocol: 1 });
  });

  it('fails for both when the client has another token', async () => {
    using pair = await openSocketPair();
    const server = greetClient(new FrameChannel(pair.far, strangerFrameBytes), ours);
    const client = greetServer(new FrameChannel(pair.near, strangerFrameBytes), { ...ours, token: createToken() });
    await Promise.all([
      assert.rejects(client, (error) => error instanceof UserError && error.kind === 'unreachable'),
      assert.rejects(server),
    ]);
  });

  it('is not passed by sending the server its own proof back', async () => {
    using pair = await openSocketPair();
    const server = greetClient(new FrameChannel(pair.far, strangerFrameBytes), ours);
    const channel = new FrameChannel(pair.near, strangerFrameBytes);
    channel.send({ protocol: 1, build: ours.build, nonce: 'ab'.repeat(32) });
    const challenge = (await channel.read()) as { proof: string };
    channel.send({ proof: challenge.proof });
    await assert.rejects(server, /did not prove/);
  });

  it('is not passed by a proof of another conversation', async () => {
    using first = await openSocketPair();
    const recorded: Buffer[] = [];
    first.far.on('data', (chunk: Buffer) => recorded.push(chunk));
    const done = greetClient(new FrameChannel(first.far, strangerFrameBytes), ours);
    await greetServer(new FrameChannel(first.near, strangerFrameBytes), ours);
    await done;
    using second = await openSocketPair();
    const server = greetClient(new FrameChannel(second.far, strangerFrameBytes), ours);
    second.near.write(Buffer.concat(recorded));
    await assert.rejects(server, /did not prove/);
  });

  it('names the newer side to the client when their protocols differ', async () => {
    const table = [
      { server: 2, says: /Reload the window/ },
      { server: 0, says: /older version/ },
    ];
    for (const { server, says } of table) {
      using pair = await openSocketPair();
      const answered = greetClient(new FrameChannel(pair.far, strangerFrameBytes), { ...ours, protocol: server });
      const asked = greetServer(new FrameChannel(pair.near, strangerFrameBytes), ours);
      await Promise.all([
        assert.rejects(
          asked,
          (error) => error instanceof UserError && error.kind === 'version' && says.test(error.message),
        ),
        assert.rejects(answered, (error) => error instanceof UserError && error.kind === 'version'),
      ]);
    }
  });

  it('closes the connection of somebody who says nothing for two seconds', async () => {
    using pair = await openSocketPair();
    const clock = new ManualClock();
    const server = assert.rejects(greetClient(new FrameChannel(pair.far, strangerFrameBytes), { ...ours, clock }));
    const closed = once(pair.near, 'close');
    pair.near.resume();
    clock.tick(handshakeMs - 1);
    assert.equal(pair.far.destroyed, false);
    clock.tick(1);
    await server;
    await closed;
    assert.equal(clock.pendingTimers, 0);
  });

  it('closes the connection of somebody who says something else', async () => {
    const utterances = [
      Buffer.from('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n'),
      encodeFrame(null),
      encodeFrame([]),
      encodeFrame({ protocol: 1, build: ours.build, nonce: 'short' }),
      encodeFrame({ protocol: '1', build: ours.build, nonce: 'ab'.repeat(32) }),
      encodeFrame({ jsonrpc: '2.0', id: 1, method: 'attach', params: {} }),
    ];
    for (const utterance of utterances) {
      using pair = await openSocketPair();
      const server = greetClient(new FrameChannel(pair.far, strangerFrameBytes), ours);
      const closed = once(pair.near, 'close');
      pair.near.resume();
      pair.near.write(utterance);
      await assert.rejects(server);
      await closed;
    }
  });
});
