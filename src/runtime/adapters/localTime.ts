/** A time as a clock on the wall shows it. */
export interface WallTime {
  readonly year: number;
  /** From 1. */
  readonly month: number;
  readonly day: number;
  readonly hour: number;
  readonly minute: number;
}

/** The format of the zone that was asked for last: making one takes a tenth of a millisecond, and programs can print many times. */
let lastFormat: readonly [timeZone: string, format: Intl.DateTimeFormat] | null = null;

function formatOf(timeZone: string): Intl.DateTimeFormat {
  if (lastFormat?.[0] === timeZone) return lastFormat[1];
  const fields = { year: 'numeric', month: 'numeric', day: 'numeric', hour: 'numeric', minute: 'numeric' } as const;
  const format = new Intl.DateTimeFormat('en-US', { timeZone, hourCycle: 'h23', ...fields });
  lastFormat = [timeZone, format];
  return format;
}

/**
 * What a clock in a time zone shows at a time (epoch ms).
 * @throws RangeError for an unknown time zone
 */
export function toWallTime(at: number, timeZone: string): WallTime {
  const parts = new Map(
    formatOf(timeZone)
      .formatToParts(at)
      .map(({ type, value }) => [type, Number(value)]),
  );
  const part = (type: Intl.DateTimeFormatPartTypes): number => parts.get(type) ?? 0;
  return { year: part('year'), month: part('month'), day: part('day'), hour: part('hour'), minute: part('minute') };
}

/**
 * The time (epoch ms) at which a clock in a time zone shows this; fields beyond their range carry over. Of a time that is shown
 * twice the first one; one that is left out counts as if the clock had not been changed yet.
 * @throws RangeError for an unknown time zone
 */
export function fromWallTime(wall: WallTime, timeZone: string): number {
  const asUtc = toUtc(wall);
  const offsetAt = (at: number): number => toUtc(toWallTime(at, timeZone)) - at;
  const [before, after] = [offsetAt(asUtc - dayMs), offsetAt(asUtc + dayMs)];
  const candidates = [asUtc - before, asUtc - after].filter((at) => at + offsetAt(at) === asUtc);
  return candidates.length === 0 ? asUtc - before : Math.min(...candidates);
}

const dayMs = 86_400_000;

function toUtc({ year, month, day, hour, minute }: WallTime): number {
  return Date.UTC(year, month - 1, day, hour, minute);
}
