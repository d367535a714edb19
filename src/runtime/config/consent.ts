import { createHash } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { builtInAdapter, builtInTalk, endurance, type AgentDefinition, type LoopBreakerLimits } from '../definition.ts';
import type { CatchUpPolicy, HeartbeatPolicy, NamedHeartbeat } from '../model.ts';
import { findExecutedFiles, toRelative } from './executedFiles.ts';

/**
 * Says exactly what the user accepts: `<hash of the definition>.<hash of the workspace files that it executes>`, SHA-256 in
 * hex each. Paths in the folder count from it, so another checkout of the same content has the same fingerprint. Never throws
 * for files that are missing.
 */
export async function fingerprint(definition: AgentDefinition, folder: string): Promise<string> {
  const files = await findExecutedFiles(definition, folder);
  return `${hash(toPortable(definition, folder))}.${hash(files)}`;
}

/** Whether the workspace files behind two fingerprints have the same content. */
export function hasSameFiles(fingerprintA: string, fingerprintB: string): boolean {
  return fingerprintA.split('.')[1] === fingerprintB.split('.')[1];
}

/**
 * True if a definition allows nothing that another one did not: it differs at most by a shorter (existing) time limit, a
 * schedule switched off or with a longer interval, wake switches turned off, fewer concurrent runs, quiet hours or skipping where
 * there was none, fewer named heartbeats, no catching up, fewer runs with its provider, fewer retries, a stricter loop breaker. Everything else, texts
 * included, may loosen something. Says nothing about the content of files: see `hasSameFiles`.
 */
export function isTightening(before: AgentDefinition, after: AgentDefinition): boolean {
  const isSameElsewhere = isDeepStrictEqual(
    {
      ...after,
      timeoutSec: before.timeoutSec,
      providerSlots: before.providerSlots,
      retries: before.retries,
      resumable: before.resumable,
      loopBreaker: before.loopBreaker,
      heartbeat: before.heartbeat,
      namedHeartbeats: before.namedHeartbeats,
    },
    { ...before },
  );
  return (
    isSameElsewhere &&
    isShorterLimit(before.timeoutSec, after.timeoutSec) &&
    (before.providerSlots === null || (after.providerSlots ?? Infinity) <= before.providerSlots) &&
    after.retries <= before.retries &&
    (before.resumable || !after.resumable) &&
    isStricter(before.loopBreaker, after.loopBreaker) &&
    isTighterHeartbeat(before.heartbeat, after.heartbeat) &&
    hasNoNewHeartbeat(before.namedHeartbeats, after.namedHeartbeats)
  );
}

function isShorterLimit(before: number, after: number): boolean {
  if (after === 0) return before === 0;
  return before === 0 || after <= before;
}

function isStricter(before: LoopBreakerLimits, after: LoopBreakerLimits): boolean {
  return (
    isShorterLimit(before.failures, after.failures) &&
    isShorterLimit(before.sameError, after.sameError) &&
    isShorterLimit(before.unchanged, after.unchanged)
  );
}

function isTighterHeartbeat(before: HeartbeatPolicy, after: HeartbeatPolicy): boolean {
  return (
    isTighterSchedule(before, after) &&
    isTighterAtTimes(before, after) &&
    (before.wakeOnAssignment || !after.wakeOnAssignment) &&
    (before.wakeOnOnDemand || !after.wakeOnOnDemand) &&
    (before.wakeOnAutomation || !after.wakeOnAutomation) &&
    after.maxConcurrentRuns <= before.maxConcurrentRuns
  );
}

function isTighterSchedule(before: HeartbeatPolicy, after: HeartbeatPolicy): boolean {
  const afterHasNone = !after.enabled || (after.intervalSec === 0 && after.cron === null);
  if (afterHasNone) return true;
  return (
    before.enabled &&
    before.cron === after.cron &&
    before.timezone === after.timezone &&
    isSameOrSkips(before, after) &&
    (before.intervalSec > 0 ? after.intervalSec >= before.intervalSec : after.intervalSec === 0)
  );
}

/** What concerns named heartbeats too: the switch for timers, quiet hours, and skipping. Longer quiet hours are a change like any other. */
function isTighterAtTimes(before: HeartbeatPolicy, after: HeartbeatPolicy): boolean {
  if (!after.enabled) return true;
  const isQuietAsBefore = before.quietHours === after.quietHours && before.timezone === after.timezone;
  return before.enabled && (before.quietHours === null || isQuietAsBefore) && skipsAsMuch(before, after);
}

/** With `onlyIf`, less is skipped the more it names. */
function skipsAsMuch(before: HeartbeatPolicy, after: HeartbeatPolicy): boolean {
  if (!before.skipWhenIdle) return true;
  return after.skipWhenIdle && after.onlyIf.every((kind) => before.onlyIf.includes(kind));
}

function isSameOrSkips(before: { catchUp: CatchUpPolicy }, after: { catchUp: CatchUpPolicy }): boolean {
  return before.catchUp === after.catchUp || after.catchUp === 'skip';
}

/** Each named heartbeat that is left was there, with the same schedule and goal. */
function hasNoNewHeartbeat(before: readonly NamedHeartbeat[], after: readonly NamedHeartbeat[]): boolean {
  return after.every((next) =>
    before.some((known) => isSameOrSkips(known, next) && isDeepStrictEqual(known, { ...next, catchUp: known.catchUp })),
  );
}

function hash(value: unknown): string {
  return createHash('sha256').update(toCanonicalJson(value)).digest('hex');
}

function toPortable(definition: AgentDefinition, folder: string): object {
  const relative = toRelative(definition.cwd, folder);
  // NUL cannot stand in a real path, so no absolute path looks like a relative one.
  return { ...withoutBuiltIn(definition), cwd: relative === null ? definition.cwd : `\0${relative}` };
}

/** What was accepted before these settings existed is still accepted while they say nothing. */
function withoutBuiltIn(definition: AgentDefinition): object {
  const builtIn: Readonly<Record<string, unknown>> = {
    ...builtInTalk,
    ...builtInAdapter,
    ...endurance,
    provider: null,
    providerSlots: null,
  };
  const isSaid = ([name, value]: [string, unknown]): boolean =>
    !Object.hasOwn(builtIn, name) || !isDeepStrictEqual(builtIn[name], value);
  return Object.fromEntries(Object.entries(definition).filter(isSaid));
}

/** JSON with sorted keys: the same text for the same value. */
function toCanonicalJson(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) =>
    typeof inner === 'object' && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );
}
