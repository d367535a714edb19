import type { AgentDefinition, SecretText } from '../definition.ts';
import type { Adapter, Finding, HttpPlan, RunRequest } from './adapter.ts';
import { toConversationId } from './conversationId.ts';
import { HttpReader } from './httpReader.ts';

/** Drives an agent that a server runs: a run is posted to it, and it says how that comes out (docs/http-protocol.md). */
export const httpAdapter: Adapter = {
  type: 'http',
  capabilities: () => ({
    resume: true,
    usage: 'perMessage',
    permissions: 'none',
    stop: 'request',
    success: 'result',
  }),
  check: (definition) => ({ findings: checkUrl(definition), probes: [] }),
  plan: planHttp,
  read: () => new HttpReader(),
  codec: {
    parse: (stored) => {
      const id = typeof stored === 'object' && stored !== null && 'id' in stored ? toConversationId(stored.id) : null;
      return id === null ? null : { id };
    },
    displayId: ({ id = '' }) => id,
  },
  books: null,
};

/** Of the connection or of Reveille: nobody else sets these. */
const reserved = new Set([
  'accept',
  'accept-encoding',
  'connection',
  'content-encoding',
  'content-length',
  'content-type',
  'expect',
  'host',
  'idempotency-key',
  'keep-alive',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

function planHttp(definition: AgentDefinition, request: RunRequest): HttpPlan {
  const { http } = definition;
  if (http === null) throw new Error(`The agent ${definition.key} has no options for http`);
  return {
    kind: 'http',
    method: 'POST',
    url: http.url,
    headers: {
      ...toHeaders(http.headers, request.secrets),
      Accept: 'application/json, application/x-ndjson, text/event-stream',
      // Nothing that could unfold into more than was sent.
      'Accept-Encoding': 'identity',
      'Content-Type': 'application/json',
      'Idempotency-Key': toIdempotencyKey(request),
    },
    body: JSON.stringify(toBody(definition, request)),
    pollMs: http.pollSec * 1000,
  };
}

/**
 * One piece of work for the server: the same when it is posted again, another when the run begins anew without the
 * conversation that it was to go on with.
 */
function toIdempotencyKey({ runId, session }: RunRequest): string {
  return session === null ? runId : `${runId}-resumed`;
}

function toHeaders(
  headers: Readonly<Record<string, SecretText>>,
  secrets: Readonly<Record<string, string>>,
): Record<string, string> {
  const own = Object.entries(headers).filter(([name]) => !reserved.has(name.toLowerCase()));
  return Object.fromEntries(
    own.flatMap(([name, value]): [string, string][] => {
      if (typeof value === 'string') return [[name, value]];
      // Space around a value is none of it, and comes with what people paste.
      return Object.hasOwn(secrets, value.secret) ? [[name, (secrets[value.secret] ?? '').trim()]] : [];
    }),
  );
}

function toBody({ key, role, goal, timeoutSec }: AgentDefinition, request: RunRequest): object {
  const { issue, session } = request;
  return {
    reveille: 'run',
    run: {
      id: request.runId,
      taskKey: request.taskKey,
      source: request.source,
      reason: request.reason,
      timeoutSec,
    },
    agent: { key, role, goal },
    issue: issue && {
      id: issue.id,
      number: issue.number,
      title: issue.title,
      body: issue.body,
      status: issue.status,
      priority: issue.priority,
      location: issue.location,
      parentId: issue.parentId,
    },
    session: { id: session?.['id'] ?? null, run: request.sessionRun },
    prompt: request.prompt,
    workspaceFolder: request.workspaceFolder,
  };
}

/** What an address says of itself. */
function checkUrl({ http }: AgentDefinition): Finding[] {
  if (http === null) return [];
  const { protocol, hostname } = new URL(http.url);
  const isLocal = hostname === 'localhost' || hostname === '[::1]' || /^127\./.test(hostname);
  if (protocol === 'https:' || isLocal) return [];
  return [
    {
      id: 'http_plain',
      level: 'warning',
      text: `${http.url} is not encrypted: whoever is on the way can read its headers and prompts, and answer in its place.`,
      fix: 'Use an https address.',
    },
  ];
}
