import type { AdapterType } from './runtime/definition.ts';
import type { EventReader } from './runtime/adapters/events.ts';

/**
 * Who reads the logs of runs for their transcripts, by adapter. An adapter that is not here writes text for people already:
 * whoever writes a program's reader adds its line.
 */
const readers: Readonly<Partial<Record<AdapterType, () => EventReader>>> = {};

/** A reader of a run's log from its beginning, or from any line; null if the log is shown as it is. */
export function readerOf(adapter: string | null): EventReader | null {
  return Object.entries(readers).find(([type]) => type === adapter)?.[1]() ?? null;
}
