import type { ServerResponse } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import type { Reply } from './replyScript.ts';
import { sendJson } from './fakeEndpoint.ts';

/** Sends one event of a stream (SSE) in the shape that both model providers use: the event's name is also the data's `type`. */
export type SendEvent = (type: string, data: object) => void;

/**
 * Answers with what all fakes do alike: waits, fails instead of answering, or streams the content and ends it as the reply says.
 * `finish` sends what a whole answer ends with; `fail` the provider's event for a failure in mid-stream.
 */
export async function streamReply(
  response: ServerResponse,
  reply: Reply,
  parts: {
    readonly content: (send: SendEvent) => void;
    readonly finish: (send: SendEvent) => void;
    readonly fail: (send: SendEvent, kind: string, message: string) => void;
  },
): Promise<void> {
  if (reply.delayMs !== undefined) await delay(reply.delayMs, undefined, { ref: false });
  if (reply.error) {
    sendJson(response, reply.error.status, reply.error.body, reply.headers);
    return;
  }
  const send: SendEvent = (type, data) =>
    void response.write(`event: ${type}\ndata: ${JSON.stringify({ type, ...data })}\n\n`);
  response.writeHead(200, { 'content-type': 'text/event-stream', ...reply.headers });
  parts.content(send);
  if (reply.ending === 'hang') return;
  if (reply.ending === 'drop') {
    // Not at once: what was said before has to arrive.
    await delay(100, undefined, { ref: false });
    response.destroy();
    return;
  }
  if (reply.ending === undefined) parts.finish(send);
  else parts.fail(send, reply.ending.kind, reply.ending.message);
  response.end();
}
