import type { RetentionLimits } from '../model.ts';
import { readSetting, writeSetting } from '../store/settingTable.ts';
import type { Reader, Writer } from '../store/store.ts';

/** What a client set; what it left out keeps its default. */
export type GivenLimits = { readonly [K in keyof RetentionLimits]?: number | undefined };

/** What holds until a client said otherwise. `package.json` repeats them for the settings editor. */
export const defaultLimits: RetentionLimits = {
  runDays: 90,
  runCount: 50_000,
  logDays: 30,
  logMegabytes: 2000,
  logMegabytesPerRun: 256,
  wakeupDays: 90,
  wakeupCount: 200_000,
  activityDays: 365,
  activityCount: 200_000,
};

export const bytesPerMegabyte = 1024 * 1024;

const names = Object.keys(defaultLimits) as (keyof RetentionLimits)[];
const settingName = 'retention';

/** The limits in force: the last ones that a trusted client gave, also before this runtime. */
export function readLimits(reader: Reader): RetentionLimits {
  const text = readSetting(reader, settingName);
  return text === null ? defaultLimits : withDefaults(JSON.parse(text) as GivenLimits);
}

/** Keeps limits for this runtime and those after it. */
export function writeLimits(writer: Writer, limits: GivenLimits): void {
  writeSetting(writer, settingName, JSON.stringify(limits));
}

/** All limits; a default for each that was not given. */
export function withDefaults(given: GivenLimits): RetentionLimits {
  return Object.fromEntries(
    names.map((name) => [name, given[name] ?? defaultLimits[name]]),
  ) as unknown as RetentionLimits;
}

export function isSameLimits(one: RetentionLimits, other: RetentionLimits): boolean {
  return names.every((name) => one[name] === other[name]);
}

/** Largest log of one run, in bytes. */
export function maxLogBytes({ logMegabytesPerRun }: RetentionLimits): number {
  return logMegabytesPerRun === 0 ? Number.MAX_SAFE_INTEGER : logMegabytesPerRun * bytesPerMegabyte;
}
