import assert from 'node:assert/strict';
import type { ServerResponse } from 'node:http';
import { Redactor } from '../../../src/runtime/runs/redactor.ts';
import { useHttpServer } from '../../support/httpRuns.ts';

const shownBytes = 4096;
/** Nothing else of what is said here has one of its characters. */
const secret = 'QZ~7KWV_9JX%';
const redact = (): Redactor => new Redactor(() => [{ name: 'NAME', value: secret }]);

type Answer = (response: ServerResponse, body: string) => void;
const answers: readonly (readonly [what: string, answer: Answer])[] = [
  ['a refusal', (response, body) => response.writeHead(500, { 'Content-Type': 'text/plain' }).end(body)],
  ['a page', (response, body) => response.writeHead(200, { 'Content-Type': 'text/html' }).end(body)],
  ['broken JSON', (response, body) => response.writeHead(200, { 'Content-Type': 'application/json' }).end(`{${body}`)],
  ['JSON that is no state', (response, body) => response.writeHead(200, json).end(JSON.stringify({ body }))],
];
const json = { 'Content-Type': 'application/json' };

describe('What a server says is cut behind its secrets', function () {
  this.timeout(60_000);
  const { server, start } = useHttpServer();

  for (const [what, answer] of answers) {
    it(`in ${what}, wherever that is`, async () => {
      // The secret moves over the place of the cut, byte by byte; around it is what tells that the cut is not elsewhere.
      for (let before = shownBytes - secret.length - 12; before <= shownBytes + 1; before += 1) {
        server().on('POST /runs', (response) => {
          answer(response, `${'x'.repeat(before)}${secret}${'x'.repeat(2 * shownBytes)}`);
        });
        const run = start({}, { redact });
        await run.outcome;
        const log = run.readLog();
        assert.ok(log.includes('x'.repeat(shownBytes - secret.length - 12)), 'it has the beginning');
        assert.doesNotMatch(log, /[QZ~7KWV_9JX%]/, `behind ${String(before)} bytes`);
      }
    });
  }

  it('in a message of JSON that cannot be written again', async () => {
    const deep = `${'['.repeat(100_000)}${']'.repeat(100_000)}`;
    for (const before of [1985, 1990, 1999]) {
      const message = `${'x'.repeat(before)}${secret}${'x'.repeat(100)}`;
      server().on('POST /runs', (response) => {
        response.writeHead(200, json).end(`{"status":"succeeded","message":"${message}","x":${deep}}`);
      });
      const run = start({}, { redact });
      const outcome = await run.outcome;
      assert.equal(outcome.status, 'succeeded');
      assert.doesNotMatch(run.readLog() + String(outcome.message), /[QZ~7KWV_9JX%]/);
    }
  });

  it('in the type of an answer', async () => {
    server().on('POST /runs', (response) => {
      response.writeHead(200, { 'Content-Type': `x/x${secret}` }).end('?');
    });
    const { message } = await start({}, { redact }).outcome;
    assert.match(message ?? '', /answered with x\/x, which is neither/);
  });
});
