import type { ServerResponse } from 'node:http';
import type { AgentDefinition } from '../../src/runtime/definition.ts';
import { HttpAgentServer, json, lines, type Received } from '../support/httpAgentServer.ts';
import { makeDefinition } from '../support/policies.ts';
import type { Actor, Call, Scene } from './conformanceSubject.ts';

/** How a server tells of a run: one answer, lines as they come (as they are, or as server-sent events), or a status that is asked for. */
export type HttpForm = 'state' | 'lines' | 'events' | 'status';

interface Told {
  readonly run: { readonly id: string };
  readonly session: { readonly id: string | null };
  readonly prompt: string;
}

/** Plays a server on loopback in one of the forms. */
export async function openServer(folder: string, form: HttpForm): Promise<Actor> {
  const server = await HttpAgentServer.open();
  let scene: Scene = 'works';
  server.on('POST /runs', (response, received) => {
    play(form, scene, { server, response, told: JSON.parse(received.body) as Told });
  });
  return {
    define: (next): AgentDefinition => {
      scene = next;
      const headers = { Authorization: { secret: 'TOKEN' } };
      const http = { url: server.url('/runs'), headers, pollSec: 1 };
      return makeDefinition(folder, { adapter: 'http', command: '', args: [], http });
    },
    calls: () => server.of('POST /runs').map(toCall),
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

function toCall({ body }: Received): Call {
  const { prompt, session } = JSON.parse(body) as Told;
  return { prompt, session: session.id, env: null };
}

interface Exchange {
  readonly server: HttpAgentServer;
  readonly response: ServerResponse;
  readonly told: Told;
}

const usage = { model: 'example', inputTokens: 1200, outputTokens: 80, costUsd: 0.012 };
const noise = ['', 'plain text', '{', '[]', 'null', '{"reveille', 'y'.repeat(5_000_000)];

function play(form: HttpForm, scene: Scene, exchange: Exchange): void {
  const { server, response, told } = exchange;
  const sessionId = told.session.id ?? `talk-${told.run.id}`;
  const done = { status: 'succeeded', message: 'Done', sessionId, usage };
  switch (scene === 'forgets' && told.session.id === null ? 'works' : scene) {
    case 'works':
      tell(form, exchange, done);
      return;
    case 'noisy':
      tell(form, exchange, done, noise);
      return;
    case 'fails':
      tell(form, exchange, { status: 'failed', message: 'It does not work.' });
      return;
    case 'forgets':
      tell(form, exchange, { status: 'failed', error: 'session_lost', message: 'No such conversation.' });
      return;
    case 'silent':
      response.writeHead(204).end();
      return;
    case 'breaks':
      response.writeHead(200, { 'Content-Type': 'application/json' }).end('{"status":"succ');
      return;
    case 'deaf': {
      const running = { status: 'running', message: 'ready', statusUrl: '/runs/1' };
      server.on('GET /runs/1', (look) => {
        json(look, running);
      });
      server.on('DELETE /runs/1', () => undefined);
      json(response, running, 202);
    }
  }
}

function tell(
  form: HttpForm,
  { server, response, told }: Exchange,
  state: object,
  others: readonly string[] = [],
): void {
  switch (form) {
    case 'state':
      json(response, state);
      return;
    case 'lines': {
      const say = lines(response);
      for (const line of [...others, JSON.stringify({ reveille: 'state', ...state }), ...others]) say(`${line}\r`);
      response.end();
      return;
    }
    case 'events': {
      response.writeHead(200, { 'Content-Type': 'text/event-stream' });
      for (const line of [...others, JSON.stringify({ reveille: 'state', ...state })])
        response.write(`data: ${line}\r\n\r\n`);
      response.end();
      return;
    }
    case 'status': {
      const place = `/runs/${told.run.id}-${String(server.of('POST /runs').length)}`;
      server.on(`GET ${place}`, (look, _received, count) => {
        json(look, count === 1 && others.length > 0 ? { status: 'running', message: 'still' } : state);
      });
      json(response, { status: 'queued' }, 202, { Location: place });
    }
  }
}
