/** A time as a clock on the wall shows it. */
export interface WallTime {
  readonly year: number;
  /** From 1. */
  readonly month: number;
  readonly day: number;
  readonly hour: number;
  readonly minute: number;
}

/** A clock on the wall of one time zone. Making one takes a tenth of a millisecond, and programs can print many times: keep it. */
export class WallClock {
  readonly #format: Intl.DateTimeFormat;

  /**
   * @param timeZone IANA name
   * @throws RangeError for an unknown one
   */
  constructor(timeZone: string) {
    const fields = { year: 'numeric', month: 'numeric', day: 'numeric', hour: 'numeric', minute: 'numeric' } as const;
    this.#format = new Intl.DateTimeFormat('en-US', { timeZone, hourCycle: 'h23', ...fields });
  }

  /** What it shows at a time (epoch ms). */
  show(at: number): WallTime {
    const parts = new Map(this.#format.formatToParts(at).map(({ type, value }) => [type, Number(value)]));
    const part = (type: Intl.DateTimeFormatPartTypes): number => parts.get(type) ?? 0;
    return { year: part('year'), month: part('month'), day: part('day'), hour: part('hour'), minute: part('minute') };
  }

  /**
   * The time (epoch ms) at which it shows this; fields beyond their range carry over. Of a time that is shown twice the first one; one
   * that is left out counts as if the clock had not been changed yet.
   */
  timeOf(wall: WallTime): number {
    const asUtc = toUtc(wall);
    const offsetAt = (at: number): number => toUtc(this.show(at)) - at;
    const [before, after] = [offsetAt(asUtc - dayMs), offsetAt(asUtc + dayMs)];
    const candidates = [asUtc - before, asUtc - after].filter((at) => at + offsetAt(at) === asUtc);
    return candidates.length === 0 ? asUtc - before : Math.min(...candidates);
  }
}

const dayMs = 86_400_000;

function toUtc({ year, month, day, hour, minute }: WallTime): number {
  return Date.UTC(year, month - 1, day, hour, minute);
}
