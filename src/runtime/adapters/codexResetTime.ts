import type { WallClock, WallTime } from './localTime.ts';

/** When a text is read, and the clock that its writer looks at. */
export interface ReadingPlace {
  /** Epoch ms. */
  readonly now: number;
  readonly wall: WallClock;
}

const clock = String.raw`(\d{1,2}):(\d\d) (AM|PM)`;
const today = new RegExp(String.raw`try again at ${clock}`, 'i');
const laterDay = new RegExp(String.raw`try again at ([A-Z][a-z]{2}) (\d{1,2})(?:st|nd|rd|th), (\d{4}) ${clock}`, 'i');
const inAWhile = /try again in (\d{1,7}(?:\.\d{1,6})?) ?(ms|s|seconds?|m|minutes?|h|hours?|d|days?)\b/i;
const months = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];
const unitMs: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };
const minuteMs = 60_000;
/** A text may be read this long after it was written, though never much: what lies before that is of the next day. */
const readingMs = 2 * minuteMs;

/**
 * When codex says that it may be tried again, as epoch ms; null if it does not say. It writes its local time without seconds,
 * and the date only of another day ("try again at 2:48 AM.", "try again at Nov 23rd, 2026 2:48 AM."); what is answered is the
 * end of that minute.
 */
export function parseResetTime(text: string, place: ReadingPlace): number | null {
  return parseWait(text, place) ?? parseLaterDay(text, place) ?? parseToday(text, place);
}

function parseWait(text: string, { now }: ReadingPlace): number | null {
  const found = inAWhile.exec(text);
  if (found === null) return null;
  const unit = found[2]?.toLowerCase() ?? '';
  return Math.ceil(now + Number(found[1]) * (unitMs[unit === 'ms' ? unit : unit.slice(0, 1)] ?? 0));
}

function parseLaterDay(text: string, { wall }: ReadingPlace): number | null {
  const found = laterDay.exec(text);
  if (found === null) return null;
  const month = months.indexOf(found[1]?.toLowerCase() ?? '') + 1;
  const day = Number(found[2]);
  const time = toTime(found[4], found[5], found[6]);
  if (month === 0 || day < 1 || day > 31 || time === null) return null;
  return wall.timeOf({ year: Number(found[3]), month, day, ...time }) + minuteMs;
}

function parseToday(text: string, { now, wall }: ReadingPlace): number | null {
  const found = today.exec(text);
  const time = found && toTime(found[1], found[2], found[3]);
  return time && firstAfter(now - readingMs, time, wall) + minuteMs;
}

type Time = Pick<WallTime, 'hour' | 'minute'>;

/** From a clock of twelve hours; null for what none shows. */
function toTime(hours: string | undefined, minutes: string | undefined, half: string | undefined): Time | null {
  const [hour, minute] = [Number(hours), Number(minutes)];
  if (hour < 1 || hour > 12 || minute > 59) return null;
  return { hour: (hour % 12) + (half?.toLowerCase() === 'pm' ? 12 : 0), minute };
}

function firstAfter(at: number, time: Time, wall: WallClock): number {
  const { year, month, day } = wall.show(at);
  const first = wall.timeOf({ year, month, day, ...time });
  return first >= at ? first : wall.timeOf({ year, month, day: day + 1, ...time });
}
