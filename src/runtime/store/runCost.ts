import type { RunUsage } from '../model.ts';

/**
 * What the cost of a run rests on: what its program reported, list prices, or both; `unknown` if that of any model is, `not_started`
 * where nothing was started that could have used something.
 */
export type CostBasis = 'reported' | 'list_price' | 'both' | 'unknown' | 'not_started';

/** The cost of a run over all of its models, in micro-dollars, and what it rests on; null where nothing was said of its usage. */
export function costOfRun(
  usage: RunUsage | null,
): { readonly costMicros: number | null; readonly costBasis: CostBasis } | null {
  if (usage === null) return null;
  if (usage.models.length === 0) return { costMicros: 0, costBasis: 'not_started' };
  const costs = usage.models.map(({ costMicros }) => costMicros).filter((cost) => cost !== null);
  if (costs.length < usage.models.length) return { costMicros: null, costBasis: 'unknown' };
  const listed = usage.models.filter(({ isListPrice }) => isListPrice).length;
  const costBasis = listed === 0 ? 'reported' : listed === costs.length ? 'list_price' : 'both';
  return { costMicros: costs.reduce((sum, cost) => sum + cost, 0), costBasis };
}
