import { createHash } from 'node:crypto';

const longestJitterMs = 30_000;
const largestShare = 0.1;

/**
 * How long after its nominal times an agent falls due: always the same for the same key, spread over 10 % of the
 * period, at most 30 s, so that agents with one schedule do not all start in one instant. Milliseconds.
 */
export function jitterMs(agentKey: string, periodMs: number): number {
  const range = Math.min(periodMs * largestShare, longestJitterMs);
  const share = createHash('sha256').update(agentKey).digest().readUInt32BE(0) / 2 ** 32;
  return Math.floor(share * range);
}
