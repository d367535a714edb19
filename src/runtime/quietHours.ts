/** Minutes since midnight; `to` is exclusive and may lie on the next day. */
export interface QuietHours {
  readonly from: number;
  readonly to: number;
}

/** Reads `22:00-07:00`; null for what is not two different times of day. */
export function parseQuietHours(text: string): QuietHours | null {
  const match = /^\s*([01]?\d|2[0-3]):([0-5]\d)\s*-\s*([01]?\d|2[0-3]):([0-5]\d)\s*$/.exec(text);
  if (!match) return null;
  const [fromHour = 0, fromMinute = 0, toHour = 0, toMinute = 0] = match.slice(1).map(Number);
  const hours = { from: fromHour * 60 + fromMinute, to: toHour * 60 + toMinute };
  return hours.from === hours.to ? null : hours;
}

/**
 * Whether a time (epoch ms) lies in the quiet hours, by the clock on the wall of a time zone (null = the host's): an hour that
 * comes twice in autumn is quiet twice.
 */
export function isQuiet(quietHours: string | null, timezone: string | null, at: number): boolean {
  const hours = quietHours === null ? null : parseQuietHours(quietHours);
  if (hours === null) return false;
  const minute = minuteOfDay(at, timezone);
  return hours.from < hours.to ? minute >= hours.from && minute < hours.to : minute >= hours.from || minute < hours.to;
}

function minuteOfDay(at: number, timezone: string | null): number {
  const format = new Intl.DateTimeFormat('en-GB', {
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
    ...(timezone !== null && { timeZone: timezone }),
  });
  const [hour = 0, minute = 0] = format.format(at).split(':').map(Number);
  return hour * 60 + minute;
}
