import { entriesOf, fieldsOf, nameOf, textOf, type Fields } from './claudeFields.ts';
import type { AgentEvent } from './events.ts';

/** Blocks of one message; more are left out. */
const mostBlocks = 500;
/** Longest texts, in characters; what is longer is cut, and whole in the log. */
const lengths = { text: 20_000, input: 10_000, name: 200 };

/** The events of a message's `content`: a text, or a list of blocks. Blocks of kinds that are not shown are passed over. */
export function readBlocks(content: unknown): AgentEvent[] {
  if (typeof content === 'string') return toMessage(content);
  return entriesOf(content, mostBlocks).flatMap((block) => readBlock(fieldsOf(block)));
}

function readBlock(block: Fields): AgentEvent[] {
  switch (block['type']) {
    case 'text':
      return toMessage(block['text']);
    case 'thinking': {
      const text = textOf(block['thinking'], lengths.text);
      return text === null ? [] : [{ kind: 'thinking', text }];
    }
    case 'tool_use':
    case 'server_tool_use':
    case 'mcp_tool_use': {
      const name = textOf(block['name'], lengths.name) ?? 'a tool';
      return [{ kind: 'toolCall', id: nameOf(block['id']) ?? '', name, input: toInput(block['input']) }];
    }
    default:
      return Object.hasOwn(block, 'tool_use_id') ? [toToolResult(block)] : [];
  }
}

function toMessage(said: unknown): AgentEvent[] {
  const text = textOf(said, lengths.text);
  return text === null ? [] : [{ kind: 'message', text }];
}

function toInput(input: unknown): string {
  try {
    return textOf(JSON.stringify(input), lengths.input) ?? '';
  } catch {
    // Nested deeper than can be written again.
    return '';
  }
}

function toToolResult(block: Fields): AgentEvent {
  const { content } = block;
  const text =
    typeof content === 'string'
      ? content
      : entriesOf(content, mostBlocks)
          .map((part) => toPart(fieldsOf(part)))
          .join('\n');
  const id = nameOf(block['tool_use_id']) ?? '';
  return { kind: 'toolResult', id, isError: block['is_error'] === true, text: textOf(text, lengths.input) ?? '' };
}

/** What is no text is named, as `[image]`. */
function toPart(part: Fields): string {
  return textOf(part['text'], lengths.input) ?? `[${textOf(part['type'], lengths.name) ?? 'something'}]`;
}
