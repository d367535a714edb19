import type { ServerResponse } from 'node:http';
import { FakeEndpoint, sendJson, type ReceivedRequest } from './fakeEndpoint.ts';

/** What the permission tool is asked, and may answer. */
export interface PermissionRequest {
  readonly tool_name: string;
  readonly input: unknown;
}
export type PermissionDecision =
  | { readonly behavior: 'allow'; readonly updatedInput?: unknown }
  | { readonly behavior: 'deny'; readonly message: string; readonly interrupt?: boolean };

/** A call of a tool as it came. */
export interface ToolCall {
  readonly tool: string;
  readonly input: unknown;
}

/** A running MCP server (streamable HTTP) with the tools `echo`, `comment` and claude's `permission_prompt`. */
export interface FakeMcp extends AsyncDisposable {
  /** Of the MCP endpoint. */
  readonly url: string;
  readonly token: string;
  readonly calls: readonly ToolCall[];
  /** The requests that did not bear the token. */
  readonly refused: readonly ReceivedRequest[];
}

interface Message {
  readonly id?: number | string;
  readonly method: string;
  readonly params?: {
    readonly protocolVersion?: string;
    readonly name?: string;
    readonly arguments?: Readonly<Record<string, unknown>>;
  };
}

const tool = (name: string, description: string, properties: object, readOnlyHint: boolean) => ({
  name,
  description,
  inputSchema: { type: 'object', properties },
  annotations: { readOnlyHint },
});

const tools = [
  tool('echo', 'Says what it was told.', { text: { type: 'string' } }, true),
  tool('comment', 'Comments on an issue.', { issue: { type: 'number' }, text: { type: 'string' } }, false),
  tool('permission_prompt', 'Asks whether a tool may be used.', { tool_name: {}, input: {}, tool_use_id: {} }, false),
];

/** `decide` answers the permission tool; without it everything is denied. */
export async function openFakeMcp({
  token = crypto.randomUUID(),
  decide = () => ({ behavior: 'deny', message: 'Nobody allowed it.' }),
}: {
  readonly token?: string;
  readonly decide?: (request: PermissionRequest) => PermissionDecision;
} = {}): Promise<FakeMcp> {
  const calls: ToolCall[] = [];
  const refused: ReceivedRequest[] = [];
  const callTool = (name: string, input: unknown): string => {
    calls.push({ tool: name, input });
    if (name === 'echo') return (input as { text: string }).text;
    if (name === 'comment') return 'Commented.';
    return JSON.stringify(decide(input as PermissionRequest));
  };
  const endpoint = await FakeEndpoint.open((request, response) => {
    if (request.headers.authorization !== `Bearer ${token}`) {
      refused.push(request);
      sendJson(response, 401, { error: 'This bearer token is not known.' });
    } else if (request.method === 'POST') answer(request.body as Message, response, callTool);
    else response.writeHead(405).end();
  });
  return {
    url: `${endpoint.url}/mcp`,
    token,
    calls,
    refused,
    [Symbol.asyncDispose]: () => endpoint[Symbol.asyncDispose](),
  };
}

function answer(
  { id, method, params = {} }: Message,
  response: ServerResponse,
  callTool: (name: string, input: unknown) => string,
): void {
  const reply = (result: object) => sendJson(response, 200, { jsonrpc: '2.0', id, result });
  if (id === undefined) response.writeHead(202).end();
  else if (method === 'initialize') {
    const { protocolVersion } = params;
    reply({ protocolVersion, capabilities: { tools: {} }, serverInfo: { name: 'fake', version: '1.0.0' } });
  } else if (method === 'tools/list') reply({ tools });
  else if (method === 'tools/call' && tools.some(({ name }) => name === params.name)) {
    reply({ content: [{ type: 'text', text: callTool(params.name ?? '', params.arguments ?? {}) }] });
  } else if (method === 'ping') reply({});
  else {
    sendJson(response, 200, { jsonrpc: '2.0', id, error: { code: -32601, message: `There is no ${method} here.` } });
  }
}
