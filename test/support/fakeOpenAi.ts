import type { ServerResponse } from 'node:http';
import { streamReply, type SendEvent } from './eventStream.ts';
import { FakeEndpoint, sendJson, type ReceivedRequest } from './fakeEndpoint.ts';
import { dueReply, usualUsage, type Reply, type ReplyCall, type Said } from './replyScript.ts';

interface Item {
  readonly type?: string;
  readonly role?: string;
  readonly content?: string | readonly { readonly type: string; readonly text?: string }[];
}

/** The body of a request for a response: what tests look at. */
export interface OpenAiRequest {
  readonly model: string;
  readonly input: readonly Item[];
  readonly tools?: readonly { readonly type: string; readonly name?: string }[];
}

/** OpenAI's Responses API, for a `model_provider` with `wire_api = "responses"`; answers as the prompt says (`withReplies`). */
export function openFakeOpenAi(): Promise<FakeEndpoint> {
  return FakeEndpoint.open(async (request, response) => {
    if (isResponse(request)) await answer(request, response);
    else sendJson(response, 404, { error: { message: `There is no ${request.path} here.` } });
  });
}

/** The requests for responses, oldest first. */
export function openAiRequests(endpoint: FakeEndpoint): readonly OpenAiRequest[] {
  return endpoint.requests.filter(isResponse).map(({ body }) => body as OpenAiRequest);
}

/** What requests were answered. */
export function openAiReplies(requests: readonly OpenAiRequest[]): readonly Reply[] {
  return requests.map(({ input }) => dueReply(input.flatMap(toSaid)));
}

const isResponse = ({ method, path }: ReceivedRequest): boolean =>
  method === 'POST' && path.split('?')[0] === '/v1/responses';

async function answer(request: ReceivedRequest, response: ServerResponse): Promise<void> {
  const body = request.body as OpenAiRequest;
  const [reply = {}] = openAiReplies([body]);
  const id = `resp_fake_${crypto.randomUUID().replaceAll('-', '')}`;
  await streamReply(response, reply, {
    content: (send) => {
      send('response.created', { response: { id } });
      sendContent(send, reply);
    },
    finish: (send) => send('response.completed', { response: { id, usage: usageOf(reply) } }),
    fail: (send, code, message) => send('response.failed', { response: { id, error: { code, message } } }),
  });
}

function toSaid({ type, role, content = [] }: Item): readonly Said[] {
  if (type !== undefined && type.endsWith('_call_output')) return [{ kind: 'toolResult' }];
  if (role !== 'user') return [];
  const texts = typeof content === 'string' ? [content] : content.map(({ text = '' }) => text);
  return texts.map((text) => ({ kind: 'prompt', text }));
}

/** OpenAI counts what came from its cache among the input. */
function usageOf(reply: Reply): object {
  const usage = { ...usualUsage, ...reply.usage };
  const input = usage.inputTokens + usage.cacheReadTokens + usage.cacheWriteTokens;
  return {
    input_tokens: input,
    input_tokens_details: { cached_tokens: usage.cacheReadTokens, cache_write_tokens: usage.cacheWriteTokens },
    output_tokens: usage.outputTokens,
    output_tokens_details: { reasoning_tokens: usage.reasoningTokens },
    total_tokens: input + usage.outputTokens,
  };
}

function sendContent(send: SendEvent, reply: Reply): void {
  const unique = crypto.randomUUID().replaceAll('-', '');
  const isWhole = reply.ending === undefined;
  if (reply.thinking !== undefined) {
    const item = {
      type: 'reasoning',
      id: `rs_fake_${unique}`,
      summary: [{ type: 'summary_text', text: reply.thinking }],
    };
    send('response.output_item.done', { item });
  }
  if (reply.text !== undefined) {
    const item = { type: 'message', role: 'assistant', id: `msg_fake_${unique}` };
    send('response.output_item.added', { item: { ...item, content: [] } });
    send('response.output_text.delta', { item_id: item.id, output_index: 0, content_index: 0, delta: reply.text });
    // What hangs or breaks off does so in the middle of its text.
    if (isWhole) {
      send('response.output_item.done', { item: { ...item, content: [{ type: 'output_text', text: reply.text }] } });
    }
  }
  if (reply.call) send('response.output_item.done', { item: toFunctionCall(reply.call, unique) });
}

function toFunctionCall(call: ReplyCall, unique: string): object {
  const common = { type: 'function_call', id: `fc_fake_${unique}`, call_id: `call_fake_${unique}` };
  if ('shell' in call) return { ...common, name: 'exec_command', arguments: JSON.stringify({ cmd: call.shell }) };
  const place = 'server' in call ? { namespace: `mcp__${call.server}` } : {};
  return { ...common, ...place, name: call.tool, arguments: JSON.stringify(call.input) };
}
