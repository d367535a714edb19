import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createConnection, type Socket } from 'node:net';
import { createMessageConnection, ResponseError } from 'vscode-jsonrpc/node';
import { FrameChannel } from '../../src/endpoint/frameChannel.ts';
import { FrameMessageReader, FrameMessageWriter } from '../../src/endpoint/frameMessages.ts';
import { strangerFrameBytes } from '../../src/endpoint/framing.ts';
import { createToken, greetServer } from '../../src/endpoint/handshake.ts';
import { protocolVersion, type ChangeBatch } from '../../src/protocol.ts';
import { systemClock } from '../../src/runtime/clock.ts';
import { UserError } from '../../src/runtime/errors.ts';
import { maxUnsentBytes } from '../../src/runtime/serverClient.ts';
import { sampleBatch, sampleIssue, sampleSnapshot } from '../support/sampleState.ts';
import { nextEvent, startTestServer, testBuild, type TestServer } from '../support/testServer.ts';

async function dial(test: TestServer): Promise<Socket> {
  const socket = createConnection(test.endpoint);
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  return socket;
}

async function authenticate(test: TestServer, token = test.token): Promise<FrameChannel> {
  const channel = new FrameChannel(await dial(test), strangerFrameBytes);
  await greetServer(channel, { token, build: testBuild, protocol: protocolVersion, clock: systemClock });
  return channel;
}

function isUserError(kind: string, pattern: RegExp): (error: unknown) => boolean {
  return (error) => error instanceof UserError && error.kind === kind && pattern.test(error.message);
}

describe('Server, with strangers', () => {
  it('closes the door on a wrong token, and no event tells of a client', async () => {
    await using test = await startTestServer();
    let attached = 0;
    test.server.onDidAttach(() => (attached += 1));
    await assert.rejects(authenticate(test, createToken()), isUserError('unreachable', /./));
    assert.equal(attached, 0);
    test.logger.assertQuiet();
  });

  it('closes the door on garbage', async () => {
    await using test = await startTestServer();
    const socket = await dial(test);
    socket.resume();
    const closed = new Promise((resolve) => socket.once('close', resolve));
    socket.write(Buffer.alloc(1000, 0x41));
    await closed;
  });

  it('takes next to nothing of a message of 100 MB', async () => {
    await using test = await startTestServer();
    const socket = await dial(test);
    socket.resume();
    const closed = new Promise((resolve) => socket.once('close', resolve));
    const header = Buffer.alloc(4);
    header.writeUInt32BE(100 * 1024 * 1024);
    const before = process.memoryUsage();
    socket.write(header);
    const piece = Buffer.alloc(64 * 1024, 0x20);
    for (let sent = 0; sent < 100 * 1024 * 1024 && !socket.destroyed; sent += piece.length) {
      if (!socket.write(piece)) await Promise.race([new Promise((resolve) => socket.once('drain', resolve)), closed]);
    }
    await closed;
    const after = process.memoryUsage();
    assert.ok(
      after.arrayBuffers - before.arrayBuffers < 5_000_000,
      `${String(after.arrayBuffers - before.arrayBuffers)} bytes`,
    );
  });

  it('refuses a message of 100 MB from an authenticated client as well', async () => {
    await using test = await startTestServer();
    const socket = await dial(test);
    const channel = new FrameChannel(socket, strangerFrameBytes);
    await greetServer(channel, { token: test.token, build: testBuild, protocol: protocolVersion, clock: systemClock });
    const header = Buffer.alloc(4);
    header.writeUInt32BE(100 * 1024 * 1024);
    channel.listen(() => undefined);
    const closed = nextEvent(channel.onDidClose);
    channel.sendFrame(header);
    await closed;
  });

  it('serves its clients while strangers hold all the places for strangers', async () => {
    await using test = await startTestServer();
    const client = await test.attach();
    const strangers = await Promise.all(Array.from({ length: 16 }, () => dial(test)));
    const surplus = await dial(test);
    const closed = new Promise((resolve) => surplus.once('close', resolve));
    surplus.resume();
    await closed;
    assert.deepEqual(await client.request('log.watch', { enabled: false }), {});
    for (const stranger of strangers) stranger.destroy();
  });
});

describe('Server, answering requests', () => {
  it('answers nothing but attach before attach', async () => {
    await using test = await startTestServer();
    const client = await test.connect();
    await assert.rejects(client.request('runtime.status', {}), isUserError('refused', /Attach/));
    await assert.rejects(
      client.request('synchronize', { instance: null, sequence: null }),
      isUserError('refused', /Attach/),
    );
    const answer = await client.request('attach', { kind: 'cli', version: '1.2.3', isTrusted: false });
    assert.deepEqual(answer, { version: '1.0.0', instance: test.server.instance, pid: process.pid });
    await assert.rejects(
      client.request('attach', { kind: 'cli', version: '1.2.3', isTrusted: true }),
      isUserError('refused', /already/),
    );
  });

  it('tells handlers who asks, by what was said last', async () => {
    const seen: unknown[] = [];
    await using test = await startTestServer({
      handlers: {
        'agent.resume': (params, { kind, isTrusted, version, whenWindowsClose }) => {
          seen.push([params, { kind, isTrusted, version, whenWindowsClose }]);
          return {};
        },
      },
    });
    const client = await test.connect();
    await client.request('attach', { kind: 'window', version: '1.2.3', isTrusted: false, whenWindowsClose: 'stop' });
    await client.request('agent.resume', { agent: 'a' });
    const updated = nextEvent(test.server.onDidUpdate);
    await client.request('updateClient', { isTrusted: true });
    assert.equal((await updated).isTrusted, true);
    await client.request('agent.resume', { agent: 'b' });
    const common = { kind: 'window', version: '1.2.3', whenWindowsClose: 'stop' };
    assert.deepEqual(seen, [
      [{ agent: 'a' }, { ...common, isTrusted: false }],
      [{ agent: 'b' }, { ...common, isTrusted: true }],
    ]);
  });

  it('refuses an unknown request, wrong parameters, and names of things that every object has', async () => {
    await using test = await startTestServer();
    const channel = await authenticate(test);
    const raw = createMessageConnection(new FrameMessageReader(channel), new FrameMessageWriter(channel, () => null));
    raw.listen();
    for (const method of ['agent.explode', 'constructor', '__proto__', 'toString']) {
      await assert.rejects(
        raw.sendRequest(method, {}),
        (error) => error instanceof ResponseError && error.code === -32601,
      );
    }
    await raw.sendRequest('attach', { kind: 'cli', version: '1', isTrusted: true, unknownField: 1 });
    for (const params of [undefined, [1, 2], { runId: 5 }, { runId: '' }]) {
      await assert.rejects(
        raw.sendRequest('run.get', params),
        (error) => error instanceof ResponseError && error.code === -32602 && /run\.get/.test(error.message),
      );
    }
    raw.dispose();
    channel.dispose();
  });

  it('passes on the message of a user error, and of a bug only that there was one', async () => {
    await using test = await startTestServer({
      handlers: {
        'run.cancel': () => Promise.reject(new UserError('not_found', 'There is no such run.')),
        'agent.pause': () => {
          throw new TypeError('secret detail');
        },
      },
    });
    const client = await test.attach();
    await assert.rejects(
      client.request('run.cancel', { runId: 'x' }),
      isUserError('not_found', /^There is no such run\.$/),
    );
    await assert.rejects(
      client.request('agent.pause', { agent: 'x' }),
      (error: Error) => !/secret/.test(error.message),
    );
    assert.equal(test.logger.errors.length, 1);
    assert.match(String(test.logger.errors[0]?.[2]), /secret detail/);
  });

  it('answers a quick request while a slow one of the same client is not done', async () => {
    const slow = Promise.withResolvers<Record<string, never>>();
    await using test = await startTestServer({
      handlers: { 'agent.pause': () => slow.promise, 'agent.resume': () => ({}) },
    });
    const client = await test.attach();
    const order: string[] = [];
    const first = client.request('agent.pause', { agent: 'a' }).then(() => order.push('slow'));
    await client.request('agent.resume', { agent: 'a' });
    order.push('quick');
    slow.resolve({});
    await first;
    assert.deepEqual(order, ['quick', 'slow']);
  });

  it('says so where an answer would be too long for a message', async () => {
    const text = 'x'.repeat(5_000_000);
    await using test = await startTestServer({
      handlers: { 'log.read': () => ({ text, offset: 0, nextOffset: 1, isComplete: false }) },
    });
    const client = await test.attach();
    await assert.rejects(
      client.request('log.read', { runId: 'x', offset: 0, maxBytes: 4096 }),
      isUserError('invalid', /too long/),
    );
  });

  it('tells when clients come and go', async () => {
    await using test = await startTestServer();
    const attached = nextEvent(test.server.onDidAttach);
    const client = await test.attach();
    assert.equal((await attached).kind, 'window');
    assert.equal(test.server.clients.length, 1);
    const detached = nextEvent(test.server.onDidDetach);
    client.dispose();
    await detached;
    assert.equal(test.server.clients.length, 0);
  });

  it('lets the answer to the last request leave when it stops', async () => {
    await using test = await startTestServer({
      handlers: {
        'runtime.stop': () => {
          setImmediate(() => void test.server.stop());
          return {};
        },
      },
    });
    const client = await test.attach();
    const closed = nextEvent(client.onDidClose);
    assert.deepEqual(await client.request('runtime.stop', { mode: 'now', reason: 'test' }), {});
    await closed;
    assert.equal(test.server.stop(), test.server.stop());
    await assert.rejects(test.connect());
  });
});

describe('Server, sending changes', () => {
  it('sends changes to those who synchronized, and what they missed to those who come back', async () => {
    let sequence = 0;
    await using test = await startTestServer({ snapshot: () => sampleSnapshot({ sequence }) });
    const publish = (): void => {
      sequence += 1;
      test.server.publish(sampleBatch(sequence));
    };
    const client = await test.attach();
    const received: number[] = [];
    client.onDidChange((batch) => received.push(batch.sequence));
    publish();
    const answer = await client.request('synchronize', { instance: null, sequence: null });
    assert.equal(answer.kind === 'snapshot' && answer.snapshot.sequence, 1);
    const third = nextEvent(client.onDidChange, (batch) => batch.sequence === 3);
    publish();
    publish();
    await third;
    assert.deepEqual(received, [2, 3]);
    const later = await test.attach();
    const missed = await later.request('synchronize', { instance: test.server.instance, sequence: 1 });
    assert.deepEqual(missed.kind === 'missed' && missed.batches, [sampleBatch(2), sampleBatch(3)]);
    assert.equal((await later.request('synchronize', { instance: 'another', sequence: 1 })).kind, 'snapshot');
  });

  it('gives a client that falls behind one new snapshot once it reads again', async () => {
    let sequence = 0;
    await using test = await startTestServer({ snapshot: () => sampleSnapshot({ sequence }) });
    const quick = await test.attach();
    await quick.request('synchronize', { instance: null, sequence: null });
    const socket = await dial(test);
    const channel = new FrameChannel(socket, strangerFrameBytes);
    await greetServer(channel, { token: test.token, build: testBuild, protocol: protocolVersion, clock: systemClock });
    const messages: { id?: number; method?: string; params?: { sequence: number } }[] = [];
    channel.listen((message) => messages.push(message as (typeof messages)[number]));
    channel.send({
      jsonrpc: '2.0',
      id: 1,
      method: 'attach',
      params: { kind: 'window', version: '1', isTrusted: true },
    });
    channel.send({ jsonrpc: '2.0', id: 2, method: 'synchronize', params: { instance: null, sequence: null } });
    while (messages.length < 2) await once(socket, 'data');
    channel.setPaused(true);
    const reason = 'x'.repeat(50_000);
    const total = Math.ceil((3 * maxUnsentBytes) / reason.length);
    const last = nextEvent(quick.onDidChange, (batch: ChangeBatch) => batch.sequence === total);
    for (let count = 0; count < total; count += 1) {
      sequence += 1;
      test.server.publish(sampleBatch(sequence, { reason }));
      await new Promise(setImmediate);
    }
    await last;
    channel.setPaused(false);
    while (messages.at(-1)?.method !== 'resnapshot') await once(socket, 'data');
    const changes = messages.filter((message) => message.method === 'changes').length;
    assert.ok(changes < total, 'the slow client was spared some changes');
    assert.equal(messages.at(-1)?.params?.sequence, total);
    assert.equal(messages.filter((message) => message.method === 'resnapshot').length, 1);
    channel.dispose();
  });

  it('replaces a batch that is too long for a message by a snapshot', async () => {
    await using test = await startTestServer({ snapshot: () => sampleSnapshot({ sequence: 1 }) });
    const client = await test.attach();
    await client.request('synchronize', { instance: null, sequence: null });
    const resnapshot = nextEvent(client.onDidResnapshot);
    test.server.publish(sampleBatch(1, { reason: 'x'.repeat(5_000_000) }));
    assert.equal((await resnapshot).sequence, 1);
  });

  it('leaves the oldest issues out of a snapshot that would be too long', async () => {
    const issues = Array.from({ length: 100 }, (_, index) => sampleIssue(index + 1, { body: 'x'.repeat(100_000) }));
    await using test = await startTestServer({ snapshot: () => sampleSnapshot({ issues }) });
    const client = await test.attach();
    const answer = await client.request('synchronize', { instance: null, sequence: null });
    assert.ok(
      answer.kind === 'snapshot' && answer.snapshot.issues.length >= 20 && answer.snapshot.issues[0]?.number === 100,
    );
  });

  it('announces the growth of logs to those who watch', async () => {
    await using test = await startTestServer();
    const [watcher, other] = [await test.attach(), await test.attach()];
    let heard = 0;
    other.onDidGrowLog(() => (heard += 1));
    await watcher.request('log.watch', { enabled: true });
    const growth = { runId: 'r', agent: 'a', bytes: 5, isSettled: true };
    const seen = nextEvent(watcher.onDidGrowLog);
    test.server.growLog(growth);
    assert.deepEqual(await seen, growth);
    await other.request('log.watch', { enabled: false });
    assert.equal(heard, 0);
  });
});
