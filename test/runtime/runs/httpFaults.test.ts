import assert from 'node:assert/strict';
import { createServer, type AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';
import { drop, HttpAgentServer, json, lines, type Answerer } from '../../support/httpAgentServer.ts';
import { useHttpServer } from '../../support/httpRuns.ts';

const done = { status: 'succeeded', message: 'Done.' };

describe('running over http with faults', function () {
  this.timeout(20_000);
  const { server, start, verdict, outcomeOf } = useHttpServer();

  describe('over a bad line', () => {
    it('posts again with the same key when the connection is lost, or breaks in the middle of a JSON', async () => {
      server().on('POST /runs', (response, _received, count) => {
        if (count === 1) drop(response);
        else if (count === 2) {
          response.writeHead(200, { 'Content-Type': 'application/json', 'Content-Length': '100' });
          response.write('{"status":"succ');
          setTimeout(() => {
            drop(response);
          }, 20);
        } else if (count === 3) json(response, { message: 'still at it' }, 409);
        else json(response, done);
      });
      const run = start();
      assert.deepEqual(await verdict(run), ['succeeded', null, 'Done.']);
      const keys = server()
        .of('POST /runs')
        .map(({ headers }) => headers['idempotency-key']);
      assert.equal(keys.length, 4);
      assert.equal(new Set(keys).size, 1);
      assert.match(run.readLog(), /\[Reveille lost the connection \(ECONNRESET\); posts the run again/);
    });

    it('gives up after four times, for the moment', async () => {
      server().on('POST /runs', (response) => {
        drop(response);
      });
      const { status, errorCode, setback } = await start().outcome;
      assert.deepEqual([status, errorCode, setback], ['failed', 'unreachable', { kind: 'transient' }]);
      assert.equal(server().of('POST /runs').length, 4);
    });

    it('says that nobody listens, and what to do', async () => {
      const closed = await HttpAgentServer.open();
      const url = closed.url();
      await closed[Symbol.asyncDispose]();
      const { errorCode, message } = await start({ url }).outcome;
      assert.equal(errorCode, 'unreachable');
      assert.match(message ?? '', /ECONNREFUSED.*Look whether it runs/);
    });

    it('says what is wrong with a header that cannot be sent, without its value', async () => {
      const { errorCode, message } = await start({ headers: { Authorization: 'a\u0001hunter2' } }).outcome;
      assert.equal(errorCode, 'unreachable');
      assert.match(message ?? '', /a header holds a character/);
      assert.doesNotMatch(message ?? '', /hunter2/);
    });

    it('follows 307 within the origin, and nothing that loses the post or leaves the origin', async () => {
      await using other = await HttpAgentServer.open();
      server().on('POST /final', (response) => {
        json(response, done);
      });
      const rows: [status: number, location: string, expected: string | null][] = [
        [307, '/final', null],
        [308, server().url('/final'), null],
        [302, '/final', 'turns POST into GET'],
        [303, '/final', 'turns POST into GET'],
        [307, other.url('/x'), 'another origin'],
        [307, server().url('/final').replace('http://', 'https://'), 'another origin'],
        [307, '/runs', 'redirected more than 5 times'],
      ];
      for (const [status, location, expected] of rows) {
        const [, code, message] = await outcomeOf((response) => response.writeHead(status, { location }).end(), {
          body: '{"kept":1}',
        });
        assert.deepEqual(
          [code, message.includes(expected ?? 'Done.')],
          [expected === null ? null : 'bad_response', true],
        );
      }
      assert.deepEqual(other.received, []);
      assert.equal(server().of('POST /final')[0]?.body, '{"kept":1}');
    });
  });

  describe('with a hostile server', () => {
    const bad = async (answer: Answerer): Promise<string> => {
      const [status, code, message] = await outcomeOf(answer);
      assert.deepEqual([status, code], ['failed', 'bad_response']);
      return message;
    };

    it('reads only so much JSON, no HTML, nothing compressed, and no broken JSON', async () => {
      assert.match(await bad((response) => json(response, { x: 'x'.repeat(600_000) })), /512 KiB/);
      const html = { 'Content-Type': 'text/html' };
      assert.match(await bad((response) => response.writeHead(200, html).end('<html>')), /text\/html/);
      const packed = { 'Content-Type': 'application/json', 'Content-Encoding': 'gzip' };
      const bomb = gzipSync(Buffer.alloc(10_000_000));
      assert.match(await bad((response) => response.writeHead(200, packed).end(bomb)), /compressed/);
      const type = { 'Content-Type': 'application/json' };
      assert.match(await bad((response) => response.writeHead(200, type).end('{"status":')), /JSON object/);
      const deep = '['.repeat(200_000);
      assert.match(await bad((response) => response.writeHead(200, type).end(deep)), /JSON object/);
    });

    it('survives JSON that is nested too deeply to be written again', async () => {
      const deep = `{"status":"succeeded","x":${'['.repeat(100_000)}${']'.repeat(100_000)}}`;
      const [status] = await outcomeOf((response) =>
        response.writeHead(200, { 'Content-Type': 'application/json' }).end(deep),
      );
      assert.equal(status, 'succeeded');
    });

    it('survives such JSON also where it is no state, and has its beginning in the log', async () => {
      const deep = `{"status":"great","x":${'['.repeat(100_000)}${']'.repeat(100_000)}}`;
      server().on('POST /runs', (response) =>
        response.writeHead(200, { 'Content-Type': 'application/json' }).end(deep),
      );
      const run = start();
      assert.deepEqual((await verdict(run)).slice(0, 2), ['failed', 'no_result']);
      assert.match(run.readLog(), /^\{"status":"great","x":\[{4000}/);
    });

    it('does not look more often than each second, whatever a server asks for', async () => {
      server().on('POST /runs', (response) => {
        json(response, { status: 'running', statusUrl: '/runs/1' }, 202);
      });
      server().on('GET /runs/1', (response) => {
        json(response, { status: 'running' }, 200, { 'Retry-After': '0' });
      });
      // Ten seconds on a clock that is twenty times as fast.
      await start({ pollMs: 1000 }, { timeoutSec: 10, graceSec: 0 }).outcome;
      const looks = server().of('GET /runs/1').length;
      assert.ok(looks >= 3 && looks <= 12, String(looks));
    });

    it('sends nothing to another origin that a status or cancel address redirects to', async () => {
      await using other = await HttpAgentServer.open();
      server().on('POST /runs', (response) => {
        json(response, { status: 'running', statusUrl: '/runs/1', cancelUrl: '/runs/1/cancel' }, 202);
      });
      for (const route of ['GET /runs/1', 'POST /runs/1/cancel']) {
        server().on(route, (response) => response.writeHead(307, { Location: other.url('/x') }).end());
      }
      const { errorCode, message } = await start({ headers: { Authorization: 'Bearer x' } }).outcome;
      assert.equal(errorCode, 'bad_response');
      assert.match(message ?? '', /another origin/);
      assert.equal(server().of('POST /runs/1/cancel').length, 1);
      assert.deepEqual(other.received, []);
    });

    it('does not take what is no HTTP, nor endless headers', async () => {
      for (const said of ['SSH-2.0-OpenSSH\r\n\r\n', `HTTP/1.1 200 OK\r\nX: ${'x'.repeat(50_000)}\r\n\r\n`]) {
        const raw = createServer((socket) => {
          socket.on('error', () => undefined);
          socket.once('data', () => socket.end(said));
        });
        await new Promise<void>((resolve) => raw.listen(0, '127.0.0.1', resolve));
        const url = `http://127.0.0.1:${String((raw.address() as AddressInfo).port)}/`;
        const { errorCode } = await start({ url }).outcome;
        assert.equal(errorCode, 'bad_response');
        await new Promise((resolve) => raw.close(resolve));
      }
    });

    it('ends a drip when its time is up', async () => {
      server().on('POST /runs', (response) => {
        const say = lines(response);
        const timer = setInterval(() => {
          say('.');
        }, 10);
        response.on('close', () => {
          clearInterval(timer);
        });
      });
      const { status, errorCode, logBytes } = await start({}, { timeoutSec: 4 }).outcome;
      assert.deepEqual([status, errorCode], ['timed_out', 'timeout']);
      assert.ok(logBytes > 0);
    });

    it('keeps a flood within the limit of the log', async () => {
      server().on('POST /runs', (response) => {
        const say = lines(response);
        for (let i = 0; i < 2000; i++) say('x'.repeat(1000));
        say({ reveille: 'result', status: 'succeeded' });
        response.end();
      });
      const { status, logBytes } = await start({}, { maxLogBytes: 100_000 }).outcome;
      assert.equal(status, 'succeeded');
      assert.ok(logBytes < 200_000, String(logBytes));
    });
  });
});
