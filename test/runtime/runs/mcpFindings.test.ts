import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { McpServer } from '../../../src/runtime/definition.ts';
import { checkMcpServer } from '../../../src/runtime/runs/mcpFindings.ts';

const place = { env: { PATH: process.env['PATH'] ?? '' }, cwd: '/', platform: process.platform };
const answer = '{"jsonrpc":"2.0","id":1,"result":{"protocolVersion":"2025-06-18"}}';

describe('A server of tools', () => {
  let server: Server;
  let address: string;
  const seen: string[] = [];
  before(async () => {
    server = createServer((request, response) => {
      respond(request, response, seen);
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    address = `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`;
  });
  after(() => {
    server.closeAllConnections();
    server.close();
  });

  const check = (path: string, part: { token?: string; mayAsk?: boolean } = {}) => {
    const headers = { authorization: { secret: 'BOARD' } };
    const asked: McpServer = { type: 'http', url: `${address}${path}?key=hidden`, headers, timeoutSec: 600 };
    const secrets = part.token === undefined ? {} : { BOARD: part.token };
    return checkMcpServer('board', asked, {
      place,
      secrets,
      mayAsk: part.mayAsk ?? true,
      signal: () => AbortSignal.timeout(300),
    });
  };

  for (const [path, level, text] of [
    ['/good', 'ok', /\/good answers\.$/],
    ['/stream', 'ok', /\/stream answers\.$/],
    ['/page', 'error', /does not answer like a server of tools/],
    ['/broken', 'error', /answers with 500\./],
    ['/away', 'error', /answers with 302\./],
    ['/stalls', 'error', /cannot be reached: it did not answer in time\./],
    ['/drops', 'error', /cannot be reached/],
  ] as const) {
    it(`is asked to begin, within a time: ${path}`, async () => {
      const found = await check(path, { token: 'right' });
      assert.equal(found.level, level);
      assert.match(found.text, text);
      assert.doesNotMatch(found.text, /hidden/);
      assert.equal(found.fix === null, level === 'ok');
    });
  }

  it('is told the headers, which it may refuse, and the session that it opened is closed', async () => {
    assert.match((await check('/good', { token: 'wrong' })).text, /refuses the headers \(401\)/);
    seen.splice(0);
    await check('/good', { token: 'right' });
    assert.deepEqual(seen, ['POST initialize right', 'DELETE session-1 right']);
  });

  it('is not asked without its secrets, nor for a definition that nobody accepted', async () => {
    seen.splice(0);
    assert.equal((await check('/good')).level, 'error');
    assert.equal((await check('/good', { token: 'right', mayAsk: false })).level, 'warning');
    assert.deepEqual(seen, []);
  });

  it('that is a program is looked for', async () => {
    const tools = { place, secrets: {}, mayAsk: true, signal: () => AbortSignal.timeout(300) };
    const program = (command: string): McpServer => ({ type: 'stdio', command, args: [], env: {}, timeoutSec: 1 });
    assert.equal((await checkMcpServer('a', program('sh'), tools)).level, 'ok');
    assert.match((await checkMcpServer('a', program('no-such-server'), tools)).text, /no-such-server was not found/);
  });
});

function respond(request: IncomingMessage, response: ServerResponse, seen: string[]): void {
  const path = (request.url ?? '').split('?')[0];
  const token = request.headers.authorization ?? '';
  let body = '';
  request.on('data', (chunk: Buffer) => (body += chunk.toString()));
  request.on('end', () => {
    const said =
      request.method === 'DELETE'
        ? String(request.headers['mcp-session-id'])
        : (JSON.parse(body) as { method: string }).method;
    seen.push(`${request.method ?? ''} ${said} ${token}`);
    if (token === 'wrong') response.writeHead(401).end();
    else if (path === '/good') response.writeHead(200, { 'mcp-session-id': 'session-1' }).end(answer);
    else if (path === '/stream') response.writeHead(200).write(`event: message\ndata: ${answer}\n\n`);
    else if (path === '/page') response.end('<html>hello</html>');
    else if (path === '/broken') response.writeHead(500).end();
    else if (path === '/away') response.writeHead(302, { location: '/good' }).end();
    else if (path === '/drops') response.destroy();
  });
}
