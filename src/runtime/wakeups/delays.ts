import type { HoldReason } from '../model.ts';
import type { AgentRow } from '../store/agentTable.ts';
import { findNextProbe } from '../store/rateLimitTable.ts';
import { findNextStart, type RunRow } from '../store/runTable.ts';
import type { Reader } from '../store/store.ts';
import { isDelayed } from './attempts.ts';
import type { Verdict } from './gate.ts';
import { limitedUntil, limitsOf, providerOf } from './rateLimits.ts';

/**
 * What a queued run waits for by itself, whatever the gate says: a person's word, or its time (`now` in epoch ms). What is refused
 * for good need not wait for that.
 */
export function delayOf(
  reader: Reader,
  {
    run,
    agent,
    verdict,
    now,
  }: { readonly run: RunRow; readonly agent: AgentRow; readonly verdict: Verdict; readonly now: number },
): HoldReason | null {
  const isOver = verdict.kind === 'refuse' && (verdict.reason === 'terminated' || verdict.reason === 'issue_closed');
  if (isOver) return null;
  if (run.needsConfirmation) return 'confirmation';
  if (!isDelayed(run, now)) return null;
  const limits = limitsOf(reader, providerOf(agent.definition));
  return limitedUntil(limits, now) === null ? 'retry' : 'rate_limit';
}

/** The next time (epoch ms, after `now`) at which something that waits may start; null if nothing waits for a time. */
export function nextStart(reader: Reader, now: number): number | null {
  const times = [findNextStart(reader, now), findNextProbe(reader, now)].filter((at) => at !== null);
  return times.length === 0 ? null : Math.min(...times);
}
