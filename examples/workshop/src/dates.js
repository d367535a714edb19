/** Dates are ISO days such as "2026-03-01", always in UTC. */

const dayMs = 24 * 60 * 60 * 1000;

/** The day that lies `days` after the given one. */
export function addDays(day, days) {
  return new Date(Date.parse(day) + days * dayMs).toISOString().slice(0, 10);
}

/** Whole days from one day to another; negative if it lies before. */
export function daysBetween(from, to) {
  return Math.round((Date.parse(to) - Date.parse(from)) / dayMs);
}

/** The same day of the next month, or that month's last day. */
export function nextMonth(day) {
  const [year, month, date] = day.split('-').map(Number);
  const last = new Date(Date.UTC(year, month + 1, 0)).getUTCDate();
  return new Date(Date.UTC(year, month, Math.min(date, last))).toISOString().slice(0, 10);
}

// TODO: working days, once we know which holidays count
