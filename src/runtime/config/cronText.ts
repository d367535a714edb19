import { Cron } from 'croner';

const nicknames = /^@(hourly|daily|midnight|weekly|monthly|yearly|annually)$/;

/** Patterns that ever fall due do so after this; the rest never will. */
const someTime = new Date(Date.UTC(2026, 0, 1));

/** Whether this machine knows `timezone` as an IANA time zone. */
export function isTimezone(timezone: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: timezone });
    return true;
  } catch {
    // A RangeError is how Intl says that it does not know the zone.
    return false;
  }
}

/**
 * What is wrong with a cron expression, as a person would say it; null if it is a good one. Five fields have whole
 * minutes, so what passes is never denser than once a minute.
 */
export function findCronMistake(expression: string): string | null {
  const trimmed = expression.trim();
  const fields = trimmed.split(/\s+/).length;
  if (fields === 6 || fields === 7) return 'it has a field for seconds; with five fields, once a minute is the most';
  if (fields !== 5 && !nicknames.test(trimmed)) return 'expected five fields: minute hour day month weekday';
  // The library reads "?" as the moment of parsing, so it would mean something else after each start.
  if (trimmed.includes('?')) return '"?" is not supported; use "*"';
  try {
    const cron = new Cron(trimmed, { mode: '5-part', paused: true, timezone: 'UTC' });
    return cron.nextRun(someTime) === null ? 'it never falls due' : null;
  } catch (error) {
    return (error instanceof Error ? error.message : String(error)).replace(/^Cron\w+: /, '');
  }
}
