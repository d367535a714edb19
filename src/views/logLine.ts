/** The levels of a `Logger`. */
export type LogLevel = 'trace' | 'debug' | 'info' | 'warn' | 'error';

const levels: Readonly<Record<string, LogLevel>> = {
  trace: 'trace',
  debug: 'debug',
  info: 'info',
  warn: 'warn',
  warning: 'warn',
  error: 'error',
};
const leading =
  /^\s*(?:\[?\d{4}-\d\d-\d\d[T ][\d:.,]+(?:Z|[+-]\d\d:?\d\d)?\]?\s*)?\[?(trace|debug|info|warn(?:ing)?|error)\]?:?\s+(.*)$/i;

/** Takes time and level off a line of the runtime's log, because the log channel writes its own. */
export function parseLogLine(line: string): { level: LogLevel; text: string } {
  const text = line.replace(/\r$/, '');
  const match = leading.exec(text);
  const level = levels[match?.[1]?.toLowerCase() ?? ''];
  return level === undefined ? { level: 'info', text } : { level, text: match?.[2] ?? text };
}
