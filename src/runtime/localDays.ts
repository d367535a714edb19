import { quarterMs } from './store/usageTable.ts';

/** A span of time, epoch ms, the end exclusive. */
export interface Span {
  readonly from: number;
  readonly to: number;
}

/** A calendar day of a time zone. */
export interface LocalDay extends Span {
  /** `2026-11-21`. */
  readonly date: string;
}

/** No day of any zone is longer: one on which the clock is set back. */
const longestDayMs = 26 * 60 * 60 * 1000;

/** The day of this machine's time zone that a time falls into. */
export function hostDay(at: number): Span {
  const date = new Date(at);
  const [year, month, day] = [date.getFullYear(), date.getMonth(), date.getDate()];
  return { from: new Date(year, month, day).getTime(), to: new Date(year, month, day + 1).getTime() };
}

/**
 * The days of a time zone that a span touches, oldest first; the first and the last are cut to the span, which begins and
 * ends on quarter-hours.
 * @throws RangeError for an unknown time zone
 */
export function daysOf({ from, to }: Span, timeZone: string): LocalDay[] {
  const dateOf = dateFormat(timeZone);
  const days: LocalDay[] = [];
  for (let start = from; start < to;) {
    const date = dateOf(start);
    const end = firstOf(start, Math.min(to, start + longestDayMs), (at) => dateOf(at) !== date);
    days.push({ date, from: start, to: end });
    start = end;
  }
  return days;
}

/** The first quarter-hour after `from` for which something is so that stays so; `to` if it is not so before. */
function firstOf(from: number, to: number, isSo: (at: number) => boolean): number {
  let low = from;
  let high = to;
  while (high - low > quarterMs) {
    const middle = low + Math.floor((high - low) / quarterMs / 2) * quarterMs;
    if (isSo(middle)) high = middle;
    else low = middle;
  }
  return high;
}

function dateFormat(timeZone: string): (at: number) => string {
  const format = new Intl.DateTimeFormat('en-CA', { timeZone, year: 'numeric', month: '2-digit', day: '2-digit' });
  return (at) => format.format(at);
}
