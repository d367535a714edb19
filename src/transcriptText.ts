import type { Translate } from './format.ts';
import { formatAhead } from './format.ts';
import type { AgentEvent } from './runtime/adapters/events.ts';
import { toReadable } from './terminalText.ts';

/** What a transcript is written with. */
export interface TranscriptSetting {
  readonly t: Translate;
  /** Epoch ms. */
  readonly now: () => number;
  /** Where the agent works, absolute: paths below it are shown without it. '' leaves paths as they are. */
  readonly root: string;
}

const longestLine = 200;
const longestInput = 160;
const shownResultLines = 4;
/** What names a tool's work best, in this order, among the fields of its input. */
const tellingFields = ['command', 'cmd', 'file_path', 'path', 'pattern', 'query', 'url', 'description', 'prompt'];
/** With these a transcript says what did what; a message that begins a line with one is not mistaken for that. */
const marks = /^(?=[━─●✻✎✗↻⏳])/gmu;

/**
 * What a program told, as lines for people: messages in full, thinking and calls of tools in a line each, results cut. An event
 * was written by an agent: nothing of it steers a terminal or looks like a line of Reveille's own.
 */
export class TranscriptText {
  readonly #setting: TranscriptSetting;
  #lastMessage = '';
  /** What stood in its way last: programs say it as a fault and again as the result. */
  #lastTrouble = '';

  constructor(setting: TranscriptSetting) {
    this.#setting = setting;
  }

  /** The lines of one event; none for what is only counted. */
  describe(event: AgentEvent): readonly string[] {
    const { t } = this.#setting;
    switch (event.kind) {
      case 'message':
        return this.#message(event.text);
      case 'thinking':
        return thinking(event.text, t);
      case 'progress':
        return [`· ${oneLine(event.text, longestLine)}`];
      case 'toolCall':
        return [`● ${toolName(event.name)} ${this.#shorten(toolInput(event.input))}`.trimEnd()];
      case 'toolResult':
        return toolResult(event, t);
      case 'fileChange':
        return [`  ✎ ${this.#relative(oneLine(event.path, 4096))} (${changeText(event.change, t)})`];
      case 'question':
        return [
          `? ${[oneLine(event.text, 4000), ...event.choices.map((one) => oneLine(one, longestLine))].join(' | ')}`,
        ];
      case 'raw':
        return event.text === undefined ? [] : quote(event.text);
      case 'session':
      case 'usage':
      case 'context':
        return [];
      case 'notice':
      case 'retrying':
      case 'rateLimit':
      case 'transientError':
      case 'failure':
        return this.#once(this.#trouble(event));
      case 'result':
        return this.#result(event.status, event.message);
    }
  }

  /** The lines, unless they are those of the last trouble. */
  #once(lines: readonly string[]): readonly string[] {
    const text = lines.join('\n');
    if (text === this.#lastTrouble) return [];
    this.#lastTrouble = text;
    return lines;
  }

  #message(text: string): string[] {
    this.#lastMessage = text.trim();
    this.#lastTrouble = '';
    return this.#lastMessage === '' ? [] : ['', ...quote(this.#lastMessage), ''];
  }

  /** Programs repeat their last message as the result. */
  #result(status: 'succeeded' | 'failed', message: string | null): readonly string[] {
    const { t } = this.#setting;
    if (status === 'failed') return this.#once([`✗ ${message === null ? t('failed') : oneLine(message, 2000)}`]);
    return message === null || this.#lastMessage.startsWith(message.trim().replace(/…$/, ''))
      ? []
      : this.#message(message);
  }

  #trouble(
    event: Extract<AgentEvent, { kind: 'notice' | 'retrying' | 'rateLimit' | 'transientError' | 'failure' }>,
  ): string[] {
    const { t, now } = this.#setting;
    switch (event.kind) {
      case 'notice':
        return [`! ${oneLine(event.text, longestLine * 2)}`];
      case 'retrying': {
        const attempt =
          event.of === null
            ? t('tries again ({0})', event.attempt)
            : t('tries again ({0} of {1})', event.attempt, event.of);
        return [`↻ ${attempt}: ${oneLine(event.message, longestLine)}`];
      }
      case 'rateLimit': {
        const limit = oneLine(event.limit, longestLine);
        return [
          `⏳ ${event.until === null ? t('limit reached: {0}', limit) : t('limit reached until {1}: {0}', limit, formatAhead(event.until, now()))}`,
        ];
      }
      case 'transientError':
        return [`✗ ${event.message === null ? t('failed for the moment') : oneLine(event.message, 2000)}`];
      case 'failure':
        return [`✗ ${event.message === null ? t('failed') : oneLine(event.message, 2000)}`];
    }
  }

  #shorten(text: string): string {
    const { root } = this.#setting;
    return oneLine(root === '' ? text : text.replaceAll(`${root}/`, ''), longestInput);
  }

  #relative(path: string): string {
    const { root } = this.#setting;
    const isBelow = root !== '' && (path.startsWith(`${root}/`) || path.startsWith(`${root}\\`));
    return isBelow ? path.slice(root.length + 1) : path;
  }
}

function thinking(text: string, t: Translate): string[] {
  const lines = toReadable(text).trim().split('\n');
  const [first = ''] = lines;
  if (first === '') return [];
  const rest = lines.filter((line) => line.trim() !== '').length - 1;
  const more = rest > 0 ? ` … ${rest === 1 ? t('1 more line') : t('{0} more lines', rest)}` : '';
  return [`✻ ${t('thinks: {0}', oneLine(first, longestLine))}${more}`];
}

/** Tools of a server have its name before theirs: `board.add_comment`. */
function toolName(name: string): string {
  return oneLine(name.replace(/^mcp__(.+?)__(?=.)/, '$1.'), longestInput);
}

/** The command that a shell was started for only, where its quoting is beyond doubt. */
function withoutShell(command: string): string {
  return (
    /^\/(?:usr\/)?bin\/(?:ba|z)?sh -l?c (?:'([^']*)'|"([^"\\$`]*)")$/.exec(command)?.slice(1).find(Boolean) ?? command
  );
}

/** What a tool was asked: the field that says most, or all of it. */
function toolInput(input: string): string {
  const said = parseObject(input);
  if (said === null) return withoutShell(input);
  const telling = tellingFields.map((name) => said[name]).find((value) => typeof value === 'string' && value !== '');
  if (typeof telling === 'string') return withoutShell(telling);
  return Object.keys(said).length === 0 ? '' : JSON.stringify(said);
}

function parseObject(text: string): Readonly<Record<string, unknown>> | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : null;
  } catch {
    // Not every tool takes JSON.
    return null;
  }
}

function toolResult(event: { readonly isError: boolean; readonly text: string }, t: Translate): string[] {
  const lines = toReadable(event.text)
    .replace(/^<tool_use_error>([^]*)<\/tool_use_error>\s*$/, '$1')
    .replace(/\s+$/, '')
    .split('\n');
  const sign = event.isError ? '✗' : '└';
  if (lines.length === 1 && lines[0] === '') return event.isError ? [`  ✗ ${t('failed')}`] : [];
  const rest = lines.length - shownResultLines;
  // One line more costs no more room than saying that it was left out.
  const shown = rest > 1 ? lines.slice(0, shownResultLines) : lines;
  return [
    ...shown.map((line, index) => `  ${index === 0 ? sign : ' '} ${cutLine(line)}`.trimEnd()),
    ...(rest > 1 ? [`    … ${t('{0} more lines', rest)}`] : []),
  ];
}

function changeText(change: 'added' | 'changed' | 'deleted', t: Translate): string {
  const texts = { added: t('added'), changed: t('changed'), deleted: t('deleted') };
  return texts[change];
}

function quote(text: string): string[] {
  return toReadable(text).trimEnd().replace(marks, '  ').split('\n');
}

function cutLine(line: string): string {
  return line.length <= longestLine ? line : `${line.slice(0, longestLine - 1)}…`;
}

function oneLine(text: string, length: number): string {
  const line = toReadable(text).replace(/\s+/g, ' ').trim();
  return line.length <= length ? line : `${line.slice(0, length - 1).trimEnd()}…`;
}
