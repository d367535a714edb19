/** Looks up a message in the display language and fills `{0}`, `{1}` …; the shape of `vscode.l10n.t`. */
export type Translate = (message: string, ...args: (string | number)[]) => string;

const secondMs = 1000;
const minuteMs = 60 * secondMs;
const hourMs = 60 * minuteMs;
const dayMs = 24 * hourMs;

/** Fills placeholders without translating. */
export const untranslated: Translate = (message, ...args) =>
  message.replace(/\{(\d+)\}/g, (whole, index: string) => {
    const value = args[Number(index)];
    return value === undefined ? whole : String(value);
  });

/** A duration with its two largest units, such as `< 0.1 s`, `0.4 s`, `12 s`, `3 min 20 s`, `2 h 5 min`, `3 d 4 h`. */
export function formatDuration(durationMs: number): string {
  const ms = Math.max(0, durationMs);
  if (ms < 50) return '< 0.1 s';
  if (ms < 9_950) return `${(ms / secondMs).toFixed(1)} s`;
  const seconds = Math.round(ms / secondMs);
  if (seconds < 60) return `${String(seconds)} s`;
  if (seconds < 3600) return twoUnits(Math.floor(seconds / 60), 'min', seconds % 60, 's');
  const minutes = Math.floor(seconds / 60);
  if (minutes < 24 * 60) return twoUnits(Math.floor(minutes / 60), 'h', minutes % 60, 'min');
  const hours = Math.floor(minutes / 60);
  return twoUnits(Math.floor(hours / 24), 'd', hours % 24, 'h');
}

function twoUnits(large: number, largeUnit: string, small: number, smallUnit: string): string {
  return small === 0 ? `${String(large)} ${largeUnit}` : `${String(large)} ${largeUnit} ${String(small)} ${smallUnit}`;
}

/** The time that a live run has taken so far, as a steadily counting clock: `0:07`, `12:40`, `1:02:03`. */
export function formatElapsed(elapsedMs: number): string {
  const seconds = Math.max(0, Math.floor(elapsedMs / secondMs));
  const parts = [Math.floor(seconds / 60) % 60, seconds % 60].map((part) => String(part).padStart(2, '0'));
  const hours = Math.floor(seconds / 3600);
  if (hours > 0) return `${String(hours)}:${parts.join(':')}`;
  return parts.join(':').replace(/^0/, '');
}

/** How far `at` lies from `now` (both epoch ms), in one unit: `just now`, `5 min ago`, `in 2 h`, `3 d ago`. */
export function formatRelativeTime(at: number, now: number, t: Translate): string {
  const distance = Math.abs(at - now);
  if (distance < minuteMs) return at > now ? t('in less than a minute') : t('just now');
  const text = oneUnit(distance);
  return at > now ? t('in {0}', text) : t('{0} ago', text);
}

function oneUnit(distanceMs: number): string {
  if (distanceMs < hourMs) return `${String(Math.floor(distanceMs / minuteMs))} min`;
  if (distanceMs < dayMs) return `${String(Math.floor(distanceMs / hourMs))} h`;
  return `${String(Math.floor(distanceMs / dayMs))} d`;
}

/** A size in decimal units: `512 B`, `1.2 kB`, `34 MB`. */
export function formatBytes(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let value = Math.max(0, bytes);
  let unit = 0;
  while (unit < units.length - 1 && Math.round(value) >= 1000) {
    value /= 1000;
    unit += 1;
  }
  const digits = unit > 0 && value < 9.95 ? 1 : 0;
  return `${value.toFixed(digits)} ${units[unit] ?? ''}`;
}

/** The parts of a run that tell how it ended. */
export interface RunEnd {
  readonly status: 'queued' | 'running' | 'succeeded' | 'failed' | 'timed_out' | 'cancelled';
  readonly startedAt: number | null;
  readonly finishedAt: number | null;
  readonly exitCode: number | null;
  readonly signal: string | null;
}

/** One short phrase on where a run stands: `succeeded`, `failed with exit code 3`, `ended by SIGKILL`. */
export function formatOutcome(run: RunEnd, t: Translate): string {
  switch (run.status) {
    case 'queued':
      return t('queued');
    case 'running':
      return t('running');
    case 'succeeded':
      return t('succeeded');
    case 'timed_out':
      return t('timed out');
    case 'cancelled':
      return t('cancelled');
    case 'failed':
      if (run.signal !== null) return t('ended by {0}', run.signal);
      return run.exitCode === null || run.exitCode === 0 ? t('failed') : t('failed with exit code {0}', run.exitCode);
  }
}

/** A time that lies ahead, as the clock on the wall shows it: with the date if it is another day's. Both epoch ms. */
export function formatAhead(at: number, now: number): string {
  const date = new Date(at);
  const isSameDay = date.toDateString() === new Date(now).toDateString();
  return isSameDay ? date.toLocaleTimeString([], { hour: '2-digit', minute: '2-digit' }) : date.toLocaleString();
}

/** The parts of a queued run that tell when it is tried again. */
export interface RunWait {
  readonly heldFor: string | null;
  readonly notBefore: number | null;
  readonly attempt: number;
}

/**
 * When another attempt is made, such as `attempt 2 of 3, tries again at 12:03`, or a limit is over; null for what waits for something
 * else. `retries` are those of its agent; undefined if the agent is not known.
 */
export function formatWait(run: RunWait, retries: number | undefined, now: number, t: Translate): string | null {
  const { heldFor, notBefore, attempt } = run;
  if (notBefore === null) return null;
  const at = formatAhead(notBefore, now);
  if (heldFor === 'rate_limit') return t('limit reached, tries again at {0}', at);
  if (heldFor !== 'retry') return null;
  return t('{0}, tries again at {1}', formatAttempt(attempt, retries, t), at);
}

/** Which attempt of a chain it is. */
export function formatAttempt(attempt: number, retries: number | undefined, t: Translate): string {
  if (retries === undefined || retries + 1 < attempt) return t('attempt {0}', attempt);
  return t('attempt {0} of {1}', attempt, retries + 1);
}

/** Why a run's log is not there any more. */
export function formatLogRemoval(
  removal: { readonly reason: 'age' | 'size'; readonly limit: number },
  t: Translate,
): string {
  return removal.reason === 'age'
    ? t('The log of this run was removed after {0} days (setting {1}).', removal.limit, 'reveille.retention.logs.days')
    : t(
        'The log of this run was removed, as one of the oldest, when all logs together had more than {0} MB (setting {1}).',
        removal.limit,
        'reveille.retention.logs.megabytes',
      );
}

/** How long a settled run worked; null if it never started or still runs. */
export function runDurationMs(run: RunEnd): number | null {
  return run.startedAt === null || run.finishedAt === null ? null : Math.max(0, run.finishedAt - run.startedAt);
}
