import type { AgentDefinition } from '../definition.ts';
import type { Audit } from '../governance/audit.ts';
import { listAgents, type AgentRow } from '../store/agentTable.ts';
import { deleteRateLimit, listRateLimits, putRateLimit, setProbe, type RateLimit } from '../store/rateLimitTable.ts';
import type { RunRow, Settlement } from '../store/runTable.ts';
import type { StateTransaction } from '../store/stateWriter.ts';
import type { Reader } from '../store/store.ts';
import { isWithin } from './attempts.ts';

const minuteMs = 60_000;
const longestGuessMs = 60 * minuteMs;
/** No limit that is known lasts longer than a week; what claims to is taken for a mistake and tried again by then. */
const longestWaitMs = 8 * 24 * 60 * minuteMs;
/** What runs report is not trusted: more limits of one provider than these count as one. */
const mostLimits = 8;
const longestName = 60;
/** Neither provider names nor cleaned names of limits have it. */
const separator = '\t';

/** Whose limits an agent is subject to; without one named it has its own, which no configuration can name. */
export function providerOf({ provider, adapter, key }: Pick<AgentDefinition, 'provider' | 'adapter' | 'key'>): string {
  return provider ?? `${adapter} ${key}`;
}

/** Under which a limit of a provider is parked. */
function limitKey(provider: string, limit: string): string {
  return `${provider}${separator}${limit}`;
}

/** The limits of a provider that were reported and not found to be over. */
export function limitsOf(reader: Reader, provider: string): RateLimit[] {
  return listRateLimits(reader).filter(({ key }) => key.startsWith(limitKey(provider, '')));
}

/** Whether nothing of a provider may start now: a limit is parked, or somebody probes it. `now` in epoch ms. */
export function isLimited(limits: readonly RateLimit[], now: number): boolean {
  return limits.some((limit) => limit.probeRunId !== null || isParked(limit, now));
}

/** Epoch ms until which a provider lets nothing through, as far as known; null if it may be tried. */
export function limitedUntil(limits: readonly RateLimit[], now: number): number | null {
  const times = limits.filter((limit) => isParked(limit, now)).map(({ until }) => until);
  return times.length === 0 ? null : Math.max(...times);
}

function isParked(limit: RateLimit, now: number): boolean {
  return isWithin(limit, now);
}

/** Until when a limit is parked (epoch ms): until the reported time, else a minute, doubled by each strike, up to an hour. */
export function parkingTime(report: {
  readonly until: number | null;
  readonly strikes: number;
  readonly now: number;
}): number {
  const { until, strikes, now } = report;
  if (until !== null && until > now) return Math.min(until, now + longestWaitMs);
  return now + Math.min(minuteMs * 2 ** (strikes - 1), longestGuessMs);
}

/**
 * Limits of providers, as part of the transactions that claim and settle runs:
 * open → parked when a run reports it → half-open when its time has come, one run at a time probes → open by its success.
 */
export class RateLimits {
  readonly #audit: Audit;

  constructor(audit: Audit) {
    this.#audit = audit;
  }

  /** Makes a claimed run the probe of each limit that nobody probes. */
  noteClaimed(transaction: StateTransaction, run: Pick<RunRow, 'id'>, agent: AgentRow): void {
    for (const { key, probeRunId } of limitsOf(transaction, providerOf(agent.definition))) {
      if (probeRunId === null) setProbe(transaction, key, run.id);
    }
  }

  /**
   * Follows from the end of a run that had started. Answers until when (epoch ms) the limit is parked that it reported; null if it
   * reported none.
   */
  noteSettled(
    transaction: StateTransaction,
    run: Pick<RunRow, 'id'>,
    agent: AgentRow,
    settlement: Pick<Settlement, 'status' | 'setback' | 'finishedAt'>,
  ): number | null {
    const provider = providerOf(agent.definition);
    const probed = listRateLimits(transaction).filter(({ probeRunId }) => probeRunId === run.id);
    const { setback, status } = settlement;
    const isReport = setback?.kind === 'rate_limit' && status !== 'succeeded' && status !== 'cancelled';
    const until = isReport
      ? this.#park(transaction, { run, agent, provider, setback, now: settlement.finishedAt })
      : null;
    for (const { key } of probed) {
      if (status === 'succeeded') this.#lift(transaction, key, agent, run.id);
      else setProbe(transaction, key, null);
    }
    if (isReport || probed.length > 0) touchAgents(transaction, provider);
    return until;
  }

  #park(
    transaction: StateTransaction,
    report: {
      readonly run: Pick<RunRow, 'id'>;
      readonly agent: AgentRow;
      readonly provider: string;
      readonly setback: { readonly limit: string; readonly until: number | null };
      readonly now: number;
    },
  ): number {
    const { run, agent, provider, setback, now } = report;
    const known = limitsOf(transaction, provider);
    const named = cleanName(setback.limit);
    const isRoom = known.length < mostLimits || known.some(({ key }) => key === limitKey(provider, named));
    const name = isRoom ? named : 'other';
    const key = limitKey(provider, name);
    const before = known.find((limit) => limit.key === key);
    // Runs that were under way together report the same: only who probed it finds it exhausted once more.
    const strikes = before === undefined ? 1 : before.strikes + (before.probeRunId === run.id ? 1 : 0);
    const reported = parkingTime({ until: setback.until, strikes, now });
    const until =
      before && isParked(before, now) && setback.until === null ? Math.max(before.until, reported) : reported;
    // A probe that is under way began before this, and its success says nothing of it.
    putRateLimit(transaction, { key, since: now, until, strikes, probeRunId: null, reason: name });
    const details = { provider, limit: name, until, strikes };
    this.#audit.record(transaction, { ...about(agent.key, run.id), action: 'limit.reached', details });
    return until;
  }

  #lift(transaction: StateTransaction, key: string, agent: AgentRow, runId: string): void {
    deleteRateLimit(transaction, key);
    const [provider = '', limit = ''] = key.split(separator);
    this.#audit.record(transaction, {
      ...about(agent.key, runId),
      action: 'limit.lifted',
      details: { provider, limit },
    });
  }
}

function about(agent: string, runId: string) {
  return { actor: 'runtime', target: `agent:${agent}`, agent, runId } as const;
}

function touchAgents(transaction: StateTransaction, provider: string): void {
  for (const { key, definition } of listAgents(transaction)) {
    if (providerOf(definition) === provider) transaction.touchAgent(key);
  }
}

/** An agent's program said it: printable, short, and never empty. */
function cleanName(limit: string): string {
  const name = limit
    .replace(/[\p{C}\s]+/gu, ' ')
    .trim()
    .slice(0, longestName)
    .toWellFormed();
  return name === '' ? 'other' : name;
}
