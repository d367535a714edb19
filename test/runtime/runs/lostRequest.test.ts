import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { systemClock } from '../../../src/runtime/clock.ts';
import type { HttpOptions } from '../../../src/runtime/definition.ts';
import { callOffLost } from '../../../src/runtime/runs/lostRequest.ts';
import { poll } from '../../support/poll.ts';
import { useHttpServer } from '../../support/httpRuns.ts';
import { makeTemporaryFolder } from '../../support/temporaryFolder.ts';

const state = (part: object): string => `${JSON.stringify({ reveille: 'state', status: 'running', ...part })}\n`;

describe('The server of a lost run', () => {
  const { server, start } = useHttpServer();
  const tell = async (log: string, headers: HttpOptions['headers'] = {}): Promise<string> => {
    using folder = makeTemporaryFolder();
    const logPath = join(folder.path, 'run.log');
    writeFileSync(logPath, log);
    return await callOffLost({ url: server().url('/runs'), headers }, { logPath, clock: systemClock, limitMs: 1000 });
  };

  it('is told to stop where it said, with the plain headers of its agent', async () => {
    server().on('POST /stop', (response) => response.writeHead(202).end());
    server().on('DELETE /runs/1', (response) => response.writeHead(200).end());
    assert.equal(await tell(`text\n${state({ statusUrl: '/runs/1' })}`, { 'X-Team': 'a' }), 'told');
    assert.equal(server().of('DELETE /runs/1')[0]?.headers['x-team'], 'a');
    assert.equal(await tell(state({ statusUrl: '/runs/1', cancelUrl: '/stop' })), 'told');
    assert.equal(server().of('POST /stop').length, 1);
  });

  it('is left alone where there is nothing to stop, or no way to say so', async () => {
    server().on('DELETE /runs/1', (response) => response.writeHead(500).end());
    server().on('DELETE /runs/2', (response) => response.writeHead(404).end());
    assert.equal(await tell(state({ statusUrl: '/runs/1' }) + state({ status: 'succeeded' })), 'over');
    assert.equal(await tell('only text\n'), 'no_address');
    assert.equal(await tell(state({ statusUrl: 'http://127.0.0.2:9/elsewhere' })), 'no_address');
    assert.equal(await tell(state({ statusUrl: '/runs/1' }), { Authorization: { secret: 'KEY' } }), 'secrets');
    assert.equal(server().received.length, 0);
    assert.equal(await tell(state({ statusUrl: '/runs/1' })), 'unreachable');
    assert.equal(await tell(state({ statusUrl: '/runs/2' })), 'over');
  });

  it('is found by the log although it named its address in a header only', async () => {
    for (const body of ['', '{"message":"taken"}']) {
      server().on('POST /runs', (response) => {
        const type = body === '' ? { 'Content-Length': 0 } : { 'Content-Type': 'application/json' };
        response.writeHead(202, { Location: '/runs/7', ...type }).end(body);
      });
      server().on('GET /runs/7', (response) => {
        response.writeHead(200, { 'Content-Type': 'application/json' }).end('{"status":"running"}');
      });
      server().on('DELETE /runs/7', (response) => response.writeHead(204).end());
      const run = start();
      await poll(() => run.readLog().includes('/runs/7'), 'the address is in the log');
      assert.equal(await tell(run.readLog()), 'told');
      run.process.cancel('cancelled_by_user');
      await run.outcome;
    }
  });
});
