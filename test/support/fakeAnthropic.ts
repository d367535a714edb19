import type { ServerResponse } from 'node:http';
import { streamReply, type SendEvent } from './eventStream.ts';
import { FakeEndpoint, sendJson, type ReceivedRequest } from './fakeEndpoint.ts';
import { dueReply, usualUsage, type Reply, type ReplyCall, type Said } from './replyScript.ts';

interface Block {
  readonly type: string;
  readonly text?: string;
}

interface Message {
  readonly role: string;
  readonly content: string | readonly Block[];
}

/** The body of a request for a message: what tests look at. */
export interface AnthropicRequest {
  readonly model: string;
  readonly messages: readonly Message[];
  readonly tools?: readonly { readonly name: string }[];
}

/** Anthropic's Messages API (`ANTHROPIC_BASE_URL`), answering as the prompt says (`withReplies`). */
export function openFakeAnthropic(): Promise<FakeEndpoint> {
  return FakeEndpoint.open(async (request, response) => {
    const path = request.path.split('?')[0];
    if (path === '/v1/messages/count_tokens') sendJson(response, 200, { input_tokens: 1000 });
    else if (path === '/v1/messages' && request.method === 'POST') await answer(request, response);
    else sendJson(response, 404, { type: 'error', error: { type: 'not_found_error', message: path } });
  });
}

/** The requests for messages, oldest first. */
export function anthropicRequests(endpoint: FakeEndpoint): readonly AnthropicRequest[] {
  return endpoint.requests
    .filter(({ method, path }) => method === 'POST' && path.split('?')[0] === '/v1/messages')
    .map(({ body }) => body as AnthropicRequest);
}

/** What requests were answered. */
export function anthropicReplies(requests: readonly AnthropicRequest[]): readonly Reply[] {
  return requests.map(({ messages }) => dueReply(messages.flatMap(toSaid)));
}

/** What the model was told by the user's side, joined: prompts, and the texts that the CLI adds to them. */
export function promptOf(request: AnthropicRequest): string {
  return request.messages.flatMap((message) => textsOf(message)).join('\n');
}

async function answer(request: ReceivedRequest, response: ServerResponse): Promise<void> {
  const body = request.body as AnthropicRequest;
  const [reply = {}] = anthropicReplies([body]);
  await streamReply(response, reply, {
    content: (send) => sendContent(send, body.model, reply),
    finish: (send) => {
      const delta = { stop_reason: reply.call ? 'tool_use' : 'end_turn', stop_sequence: null };
      send('message_delta', { delta, usage: { output_tokens: usageOf(reply).output_tokens } });
      send('message_stop', {});
    },
    fail: (send, type, message) => send('error', { error: { type, message } }),
  });
}

function textsOf({ role, content }: Message): readonly string[] {
  if (role !== 'user') return [];
  if (typeof content === 'string') return [content];
  return content.filter(({ type }) => type === 'text').map(({ text = '' }) => text);
}

function toSaid(message: Message): readonly Said[] {
  const results =
    typeof message.content === 'string' ? [] : message.content.filter((one) => one.type === 'tool_result');
  return [
    ...results.map(() => ({ kind: 'toolResult' as const })),
    ...textsOf(message).map((text) => ({ kind: 'prompt' as const, text })),
  ];
}

function usageOf(reply: Reply): Readonly<Record<string, number>> {
  const usage = { ...usualUsage, ...reply.usage };
  return {
    input_tokens: usage.inputTokens,
    cache_read_input_tokens: usage.cacheReadTokens,
    cache_creation_input_tokens: usage.cacheWriteTokens,
    output_tokens: usage.outputTokens,
  };
}

/** The message begins with one output token, as the provider's does; the true number comes at its end. */
function sendContent(send: SendEvent, model: string, reply: Reply): void {
  const id = `msg_fake_${crypto.randomUUID().replaceAll('-', '')}`;
  const usage = { ...usageOf(reply), output_tokens: 1 };
  const message = { id, type: 'message', role: 'assistant', model, content: [], stop_reason: null, usage };
  send('message_start', { message: { ...message, stop_sequence: null } });
  const blocks: (readonly [object, readonly object[]])[] = [];
  if (reply.thinking !== undefined) {
    const deltas = [
      { type: 'thinking_delta', thinking: reply.thinking },
      { type: 'signature_delta', signature: 'fake' },
    ];
    blocks.push([{ type: 'thinking', thinking: '', signature: '' }, deltas]);
  }
  if (reply.text !== undefined) blocks.push([{ type: 'text', text: '' }, [{ type: 'text_delta', text: reply.text }]]);
  if (reply.call) {
    const { name, input } = toToolUse(reply.call);
    const block = { type: 'tool_use', id: `toolu_fake_${crypto.randomUUID().replaceAll('-', '')}`, name, input: {} };
    blocks.push([block, [{ type: 'input_json_delta', partial_json: JSON.stringify(input) }]]);
  }
  for (const [index, [content_block, deltas]] of blocks.entries()) {
    send('content_block_start', { index, content_block });
    for (const delta of deltas) send('content_block_delta', { index, delta });
    // What hangs or breaks off does so in the middle of its last block.
    if (reply.ending === undefined || index < blocks.length - 1) send('content_block_stop', { index });
  }
}

function toToolUse(call: ReplyCall): { readonly name: string; readonly input: object } {
  if ('shell' in call) return { name: 'Bash', input: { command: call.shell, description: 'As the test says' } };
  return { name: 'server' in call ? `mcp__${call.server}__${call.tool}` : call.tool, input: call.input };
}
