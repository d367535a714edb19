import { ClaudeReader } from './runtime/adapters/claudeReader.ts';
import { CodexReader } from './runtime/adapters/codexReader.ts';
import { HttpReader } from './runtime/adapters/httpReader.ts';
import { JsonLinesReader } from './runtime/adapters/jsonLines.ts';
import type { AdapterType } from './runtime/definition.ts';
import type { LogReading } from './transcriptMarks.ts';

/** By adapter: whoever writes a program's reader adds its line. A limit's time is shown as the reader's own machine tells it. */
const readings: Readonly<Record<AdapterType, LogReading>> = {
  claude_local: { makeReader: () => new ClaudeReader(), reads: 'lines' },
  codex_local: {
    makeReader: () =>
      new CodexReader({
        asked: null,
        now: () => Date.now(),
        timeZone: new Intl.DateTimeFormat('en-US').resolvedOptions().timeZone,
      }),
    reads: 'lines',
  },
  process: { makeReader: () => new JsonLinesReader(), reads: 'marked' },
  http: { makeReader: () => new HttpReader(), reads: 'marked' },
};

/** How the log of a run is read; null for an adapter of another build: it is shown as it is. */
export function readingOf(adapter: string | null): LogReading | null {
  return Object.entries(readings).find(([type]) => type === adapter)?.[1] ?? null;
}
