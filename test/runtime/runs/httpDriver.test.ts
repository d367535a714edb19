import assert from 'node:assert/strict';
import { drop, HttpAgentServer, json, lines } from '../../support/httpAgentServer.ts';
import { useHttpServer } from '../../support/httpRuns.ts';
import { usageOf } from '../../support/unpriced.ts';

const done = { status: 'succeeded', message: 'Done.' };

describe('running over http', function () {
  this.timeout(20_000);
  const { server, start, verdict, outcomeOf } = useHttpServer();

  describe('with one answer', () => {
    it('succeeds with a result, and has its usage, session and log', async () => {
      const answer = { ...done, changed: true, sessionId: 's1', usage: { inputTokens: 10, outputTokens: 2 } };
      server().on('POST /runs', (response) => {
        json(response, answer);
      });
      const run = start({ body: '{"a":1}', headers: { Authorization: 'Bearer x' } });
      const outcome = await run.outcome;

      assert.deepEqual(
        [outcome.status, outcome.errorCode, outcome.message, outcome.hasChanged],
        ['succeeded', null, 'Done.', true],
      );
      assert.equal(usageOf(outcome)?.models[0]?.inputTokens, 10);
      assert.deepEqual(run.events[1], { kind: 'session', params: { id: 's1' } });
      assert.deepEqual(JSON.parse(run.readLog()), { ...answer, reveille: 'state' });
      const [received] = server().received;
      assert.deepEqual([received?.body, received?.headers.authorization], ['{"a":1}', 'Bearer x']);
      assert.equal(await run.process.started, null);
    });

    it('fails where the server says so', async () => {
      const [status, code, message] = await outcomeOf((response) => {
        json(response, { status: 'failed', message: 'No way.' });
      });
      assert.deepEqual([status, code], ['failed', 'reported_failure']);
      assert.match(message, /No way/);
    });

    it('does not take a mere 200 for a success', async () => {
      for (const body of [{ ok: true }, { status: 'great' }]) {
        const [status, code, message] = await outcomeOf((response) => {
          json(response, body);
        });
        assert.deepEqual([status, code], ['failed', 'no_result']);
        assert.match(message, /did not say how the run came out/);
      }
      assert.deepEqual((await outcomeOf((response) => response.writeHead(204).end())).slice(0, 2), [
        'failed',
        'no_result',
      ]);
    });

    it('tells reasons to fail apart', async () => {
      const rows: [body: object, expected: string][] = [
        [{ status: 'failed', error: 'session_lost' }, 'session_lost'],
        [{ status: 'failed', retry: true }, 'temporary_failure'],
        [{ status: 'failed', limit: { limit: 'tokens', until: '2026-12-01T10:00:00Z' } }, 'rate_limited'],
        [{ status: 'cancelled' }, 'reported_failure'],
      ];
      for (const [body, expected] of rows) {
        const [status, code] = await outcomeOf((response) => {
          json(response, body);
        });
        assert.deepEqual([status, code], ['failed', expected]);
      }
    });

    const refusals: [status: number, expected: string][] = [
      [400, 'request_refused'],
      [401, 'login_required'],
      [402, 'credit_exhausted'],
      [403, 'login_required'],
      [404, 'bad_response'],
      [409, 'request_refused'],
      [410, 'bad_response'],
      [422, 'request_refused'],
      [429, 'rate_limited'],
      [500, 'temporary_failure'],
      [501, 'bad_response'],
    ];
    it('tells refusals apart, and logs what comes with them', async () => {
      for (const [status, expected] of refusals) {
        server().on('POST /runs', (response) =>
          response.writeHead(status, { 'Content-Type': 'text/plain' }).end(`because ${String(status)}`),
        );
        const run = start();
        const outcome = await run.outcome;
        assert.deepEqual([outcome.status, outcome.errorCode], ['failed', expected], String(status));
        assert.match(outcome.message ?? '', new RegExp(String(status)));
        assert.equal(outcome.stderrExcerpt, `because ${String(status)}\n`);
      }
      assert.equal(server().of('POST /runs').length, refusals.length);
    });

    it('takes a refusal at its word that says more than its number', async () => {
      const [, code] = await outcomeOf((response) => {
        json(response, { error: 'session_lost', message: 'Gone.' }, 404);
      });
      assert.equal(code, 'session_lost');
    });

    it('knows until when a limit holds', async () => {
      server().on('POST /runs', (response) => response.writeHead(429, { 'Retry-After': '120' }).end());
      const { setback } = await start().outcome;
      assert.ok(setback?.kind === 'rate_limit' && setback.until !== null);
      assert.ok(Math.abs(setback.until - Date.now() - 120_000) < 5000);
    });
  });

  describe('with lines', () => {
    it('logs and reads them as they come', async () => {
      server().on('POST /runs', (response) => {
        const say = lines(response);
        say({ reveille: 'progress', text: 'Halfway' });
        say('plain text');
        say({ reveille: 'session', id: 's2' });
        void run.seen.then(() => {
          say({ reveille: 'usage', inputTokens: 5, costUsd: 0.5 });
          say({ reveille: 'result', status: 'succeeded', message: 'Streamed.' });
          response.end();
        });
      });
      const seen = Promise.withResolvers<undefined>();
      const run = { seen: seen.promise, ...start({}, { onDidGrow: () => seen.resolve(undefined) }) };

      assert.deepEqual(await verdict(run), ['succeeded', null, 'Streamed.']);
      assert.deepEqual(
        run.events.map(({ kind }) => kind),
        ['progress', 'session', 'usage', 'result'],
      );
      assert.match(run.readLog(), /^\{"reveille":"progress","text":"Halfway"\}\nplain text\n/);
    });

    it('reads server-sent events', async () => {
      server().on('POST /runs', (response) => {
        response.writeHead(200, { 'Content-Type': 'text/event-stream; charset=utf-8' });
        response.write(': hello\r\nevent: x\r\ndata: {"reveille":"result",');
        response.end('"status":"succeeded","message":"Sent."}\r\n\r\n');
      });
      const run = start();
      assert.deepEqual(await verdict(run), ['succeeded', null, 'Sent.']);
      assert.equal(run.readLog(), '{"reveille":"result","status":"succeeded","message":"Sent."}\n');
    });

    it('needs a result', async () => {
      const [status, code] = await outcomeOf((response) => {
        lines(response)('nothing special');
        response.end();
      });
      assert.deepEqual([status, code], ['failed', 'no_result']);
    });

    it('waits no longer than graceSec for the end of one that has said its result', async () => {
      server().on('POST /runs', (response) => {
        lines(response)({ reveille: 'result', status: 'succeeded', message: 'Enough.' });
      });
      assert.deepEqual(await verdict(start()), ['succeeded', null, 'Enough.']);
    });

    it('fails when they break off and nobody can be asked', async () => {
      const [status, code, message] = await outcomeOf((response) => {
        lines(response)('half');
        setTimeout(() => {
          drop(response);
        }, 20);
      });
      assert.deepEqual([status, code], ['failed', 'bad_response']);
      assert.match(message, /middle of its answer/);
      assert.equal(server().of('POST /runs').length, 1);
    });

    it('asks the status address when they break off', async () => {
      server().on('POST /runs', (response) => {
        lines(response, { Location: '/runs/1' })('half');
        setTimeout(() => {
          drop(response);
        }, 20);
      });
      server().on('GET /runs/1', (response) => {
        json(response, done);
      });
      assert.deepEqual(await verdict(start()), ['succeeded', null, 'Done.']);
    });
  });

  describe('with a status address', () => {
    it('asks until the run is over, and adds up totals that are repeated once', async () => {
      server().on('POST /runs', (response) => {
        json(response, { status: 'queued' }, 202, { Location: '/runs/1' });
      });
      server().on('GET /runs/1', (response, _received, count) => {
        const usage = { model: 'm', inputTokens: count * 10 };
        json(response, count < 4 ? { status: 'running', message: `Step ${String(count)}`, usage } : { ...done, usage });
      });
      const run = start({ headers: { Authorization: 'Bearer x' } });
      const outcome = await run.outcome;

      assert.equal(outcome.status, 'succeeded');
      assert.deepEqual(
        usageOf(outcome)?.models.map(({ model, inputTokens }) => [model, inputTokens]),
        [['m', 40]],
      );
      assert.deepEqual(
        run.events.flatMap((event) => (event.kind === 'progress' ? [event.text] : [])),
        ['Step 1', 'Step 2', 'Step 3'],
      );
      const [look] = server().of('GET /runs/1');
      assert.deepEqual([look?.headers.authorization, look?.headers['idempotency-key']], ['Bearer x', undefined]);
    });

    it('survives losses, errors and strange answers in between, and many looks', async () => {
      const warnings: Error[] = [];
      const note = (warning: Error): number => warnings.push(warning);
      process.on('warning', note);
      server().on('POST /runs', (response) => response.writeHead(202, { Location: '/runs/1' }).end());
      server().on('GET /runs/1', (response, _received, count) => {
        if (count === 1) drop(response);
        else if (count === 2) response.writeHead(503).end();
        else if (count === 3) response.writeHead(200, { 'Content-Type': 'text/html' }).end('<p>');
        else if (count === 4) response.writeHead(429, { 'Retry-After': '1' }).end();
        else json(response, count < 30 ? { status: 'running' } : done);
      });
      const run = start({ pollMs: 100 });
      assert.deepEqual(await verdict(run), ['succeeded', null, 'Done.']);
      process.off('warning', note);
      assert.deepEqual(warnings, []);
      // The same state again is no news.
      assert.equal(run.readLog().match(/"running"/g)?.length, 1);
    });

    it('waits as long as the server asks for', async () => {
      server().on('POST /runs', (response) => {
        json(response, { status: 'running', statusUrl: '/runs/1' }, 200, { 'Retry-After': '10' });
      });
      server().on('GET /runs/1', (response) => {
        json(response, done);
      });
      const begunAt = performance.now();
      await start({ pollMs: 20 }).outcome;
      // Ten seconds on a clock that is twenty times as fast.
      assert.ok(performance.now() - begunAt >= 490);
    });

    it('gives up where the run is not known any more, or the answers stay strange', async () => {
      server().on('POST /runs', (response) => {
        json(response, { statusUrl: server().url('/runs/1') }, 202);
      });
      const gone = await start().outcome;
      assert.deepEqual([gone.status, gone.errorCode], ['failed', 'bad_response']);
      assert.match(gone.message ?? '', /does not know the run/);
      assert.equal(server().of('GET /runs/1').length, 1);

      server().on('GET /runs/1', (response) => {
        json(response, ['what']);
      });
      const strange = await start().outcome;
      assert.deepEqual([strange.status, strange.errorCode], ['failed', 'bad_response']);
      assert.equal(server().of('GET /runs/1').length, 4);
      // It was left alone, and is told so.
      assert.equal(server().of('DELETE /runs/1').length, 1);
    });

    it('takes no address of another origin, neither for looks nor to cancel', async () => {
      await using other = await HttpAgentServer.open();
      for (const said of [{ statusUrl: other.url('/x') }, { statusUrl: '/runs/1', cancelUrl: other.url('/x') }]) {
        const [status, code, message] = await outcomeOf((response) => {
          json(response, said, 202);
        });
        assert.deepEqual([status, code], ['failed', 'bad_response']);
        assert.match(message, /another origin/);
      }
      assert.deepEqual(other.received, []);
    });

    it('needs one where the run goes on', async () => {
      const [, code, message] = await outcomeOf((response) => {
        json(response, { status: 'running' });
      });
      assert.equal(code, 'bad_response');
      assert.match(message, /not where to ask/);
    });
  });

  describe('when it is to end', () => {
    /** A server that works for ever. */
    function serveForever(cancelUrl?: string): void {
      server().on('POST /runs', (response) => {
        json(response, { status: 'running', statusUrl: '/runs/1', cancelUrl }, 202);
      });
      server().on('GET /runs/1', (response) => {
        json(response, { status: 'running' });
      });
    }

    it('tells the server with DELETE, and hears its last words', async () => {
      serveForever();
      server().on('DELETE /runs/1', (response) => {
        server().on('GET /runs/1', (look) => {
          json(look, { status: 'cancelled', usage: { inputTokens: 7 } });
        });
        response.writeHead(202).end();
      });
      const run = start({ pollMs: 3000 });
      await server().asked('GET /runs/1');
      run.process.cancel('cancelled_by_user');
      const outcome = await run.outcome;
      const { status, errorCode } = outcome;
      assert.deepEqual([status, errorCode], ['cancelled', 'cancelled_by_user']);
      assert.equal(usageOf(outcome)?.models[0]?.inputTokens, 7);
      assert.equal(server().of('DELETE /runs/1').length, 1);
    });

    it('posts to the cancel address that it named, and waits no longer than graceSec', async () => {
      serveForever('/runs/1/cancel');
      server().on('POST /runs/1/cancel', (response) => response.writeHead(200).end());
      const run = start({}, { graceSec: 3 });
      await server().asked('GET /runs/1');
      run.process.cancel('cancelled_by_stop');
      assert.equal(run.process.isEnding, true);
      const { status, errorCode } = await run.outcome;
      assert.deepEqual([status, errorCode], ['cancelled', 'cancelled_by_stop']);
      const [call] = server().of('POST /runs/1/cancel');
      assert.deepEqual([call?.body, call?.headers['idempotency-key']], ['', undefined]);
    });

    it('gives up a server that does not answer the cancel call either', async () => {
      serveForever();
      server().on('DELETE /runs/1', () => undefined);
      const run = start({}, { graceSec: 1 });
      await server().asked('GET /runs/1');
      run.process.cancel('cancelled_by_user');
      assert.equal((await run.outcome).status, 'cancelled');
    });

    it('drops the connection where there is nobody to tell', async () => {
      server().on('POST /runs', () => undefined);
      const run = start();
      await server().asked('POST /runs');
      run.process.cancel('cancelled_by_user');
      assert.deepEqual((await verdict(run)).slice(0, 2), ['cancelled', 'cancelled_by_user']);
    });

    it('keeps the first reason, and does not let an answer in the meantime count', async () => {
      serveForever();
      server().on('DELETE /runs/1', (response) => {
        server().on('GET /runs/1', (look) => {
          json(look, done);
        });
        response.writeHead(202).end();
      });
      const run = start({}, { timeoutSec: 5 });
      const outcome = await run.outcome;
      run.process.cancel('cancelled_by_user');
      assert.deepEqual([outcome.status, outcome.errorCode], ['timed_out', 'timeout']);
    });

    it('stands still with its clock while it is held', async () => {
      serveForever();
      const run = start({}, { timeoutSec: 4 });
      await server().asked('GET /runs/1');
      run.process.holdTimeout(true);
      await server().asked('GET /runs/1', 8);
      assert.equal(run.process.isEnding, false);
      run.process.holdTimeout(false);
      assert.equal((await run.outcome).status, 'timed_out');
    });

    it('is a failure when the log cannot be written', async () => {
      const { status, errorCode } = await start({}, { logPath: '/nowhere/x.log' }).outcome;
      assert.deepEqual([status, errorCode, server().received.length], ['failed', 'log_failed', 0]);
    });
  });
});
