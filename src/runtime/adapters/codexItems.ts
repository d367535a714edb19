import * as z from 'zod/mini';
import type { AgentEvent } from './events.ts';
import { cut } from './jsonLines.ts';

/** Longest texts, in characters; what is longer is cut. */
export const lengths = { id: 100, name: 200, path: 1000, notice: 2000, message: 20_000, tool: 4000 };
const mostEntries = 200;

const textOf = (length: number) =>
  z.pipe(
    z.string(),
    z.transform((value: string) => cutLong(value, length)),
  );
const id = z.catch(textOf(lengths.id), '');
/** A field that is wrong is as good as one that is missing. */
const orNull = <T extends z.ZodMiniType>(schema: T) => z.catch(z._default(z.nullable(schema), null), null);
const status = z.catch(z.string(), '');

const item = z.discriminatedUnion('type', [
  z.object({ type: z.literal('agent_message'), text: textOf(lengths.message) }),
  z.object({ type: z.literal('reasoning'), text: textOf(lengths.message) }),
  z.object({
    type: z.literal('command_execution'),
    id,
    command: textOf(lengths.tool),
    aggregated_output: z.catch(textOf(lengths.tool), ''),
    exit_code: orNull(z.int()),
    status,
  }),
  z.object({
    type: z.literal('file_change'),
    changes: z.array(z.object({ path: textOf(lengths.path), kind: z.catch(z.string(), '') })),
    status,
  }),
  z.object({
    type: z.literal('mcp_tool_call'),
    id,
    server: textOf(lengths.name),
    tool: textOf(lengths.name),
    arguments: z.unknown(),
    result: orNull(z.object({ content: z.catch(z.array(z.unknown()), []) })),
    error: orNull(z.object({ message: z.catch(textOf(lengths.tool), '') })),
    status,
  }),
  z.object({ type: z.literal('web_search'), id, query: z.catch(textOf(lengths.tool), '') }),
  z.object({
    type: z.literal('todo_list'),
    items: z.array(z.object({ text: textOf(lengths.notice), completed: z.catch(z.boolean(), false) })),
  }),
  z.object({ type: z.literal('error'), message: textOf(lengths.notice) }),
]);

type Item = z.output<typeof item>;
type Phase = 'started' | 'updated' | 'completed';

/** What an item of a thread tells at a moment of its life; null for one of a kind that is not known. Never throws. */
export function readItem(found: unknown, phase: Phase): readonly AgentEvent[] | null {
  const parsed = item.safeParse(found);
  if (!parsed.success) return null;
  switch (parsed.data.type) {
    case 'command_execution':
    case 'mcp_tool_call':
    case 'web_search':
      return readTool(parsed.data, phase);
    case 'todo_list':
      return readPlan(parsed.data);
    default:
      return phase === 'completed' ? readFinished(parsed.data) : [];
  }
}

type Tool = Extract<Item, { type: 'command_execution' | 'mcp_tool_call' | 'web_search' }>;

/** A tool that is told of only when it has finished was called all the same: whoever reads the events joins them by id. */
function readTool(tool: Tool, phase: Phase): AgentEvent[] {
  if (phase === 'updated') return [];
  const call: AgentEvent = { kind: 'toolCall', id: tool.id, ...describeCall(tool) };
  return phase === 'started' ? [call] : [call, { kind: 'toolResult', id: tool.id, ...describeResult(tool) }];
}

function describeCall(tool: Tool): { name: string; input: string } {
  switch (tool.type) {
    case 'command_execution':
      return { name: 'shell', input: tool.command };
    case 'mcp_tool_call':
      return { name: `mcp__${tool.server}__${tool.tool}`, input: toText(tool.arguments) };
    case 'web_search':
      return { name: 'web_search', input: tool.query };
  }
}

function describeResult(tool: Tool): { isError: boolean; text: string } {
  switch (tool.type) {
    case 'command_execution': {
      const isError = tool.status === 'failed' || tool.status === 'declined' || (tool.exit_code ?? 0) !== 0;
      return { isError, text: tool.aggregated_output };
    }
    case 'mcp_tool_call':
      if (tool.error !== null) return { isError: true, text: tool.error.message };
      return { isError: tool.status === 'failed', text: toContent(tool.result?.content ?? []) };
    case 'web_search':
      return { isError: false, text: '' };
  }
}

function toContent(blocks: readonly unknown[]): string {
  const texts = blocks.slice(0, mostEntries).map((block) => {
    const isText = typeof block === 'object' && block !== null && 'text' in block && typeof block.text === 'string';
    return isText ? (block.text as string) : toText(block);
  });
  return cutLong(texts.join('\n'), lengths.tool);
}

function toText(value: unknown): string {
  return cutLong(value === undefined || value === null ? '' : JSON.stringify(value), lengths.tool);
}

function readPlan({ items }: Extract<Item, { type: 'todo_list' }>): AgentEvent[] {
  const next = items.find(({ completed, text }) => !completed && text !== '');
  return next ? [{ kind: 'progress', text: cut(next.text, 500) }] : [];
}

const changes: Readonly<Record<string, 'added' | 'changed' | 'deleted'>> = {
  add: 'added',
  update: 'changed',
  delete: 'deleted',
};

function readFinished(finished: Exclude<Item, Tool | { type: 'todo_list' }>): AgentEvent[] {
  switch (finished.type) {
    case 'agent_message':
      return [{ kind: 'message', text: finished.text }];
    case 'reasoning':
      return [{ kind: 'thinking', text: finished.text }];
    case 'error':
      return [{ kind: 'notice', text: finished.message }];
    case 'file_change': {
      const shown = finished.changes.slice(0, mostEntries);
      if (finished.status === 'failed') {
        return [
          { kind: 'notice', text: cut(`Could not change ${shown.map(({ path }) => path).join(', ')}`, lengths.notice) },
        ];
      }
      return shown.map(({ path, kind }) => ({ kind: 'fileChange', path, change: changes[kind] ?? 'changed' }));
    }
  }
}

/** As `cut`, without looking at all of a text that is cut anyway. */
function cutLong(text: string, length: number): string {
  return cut(text.slice(0, 2 * length), length);
}
