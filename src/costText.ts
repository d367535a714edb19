import type { Translate } from './format.ts';
import type { AgentDay, RunUsage } from './runtime/model.ts';

/** Dollars of micro-dollars, readable also where it is little: `$12.30`, `$0.012`, `$0.00042`, `$0.00`. */
export function formatDollars(micros: number): string {
  const dollars = micros / 1e6;
  if (micros <= 0) return '$0.00';
  if (micros >= 100_000) return `$${dollars.toFixed(2)}`;
  return `$${dollars.toFixed(Math.min(6, 1 - Math.floor(Math.log10(dollars))))}`;
}

/** A cost as far as it is known; `≈` where it was reckoned from list prices. */
export interface Cost {
  /** Null if it is not known. */
  readonly costMicros: number | null;
  readonly isListPrice: boolean;
}

/** A cost: `$0.12`, `≈ $0.12` or `cost unknown`. */
export function formatCost({ costMicros, isListPrice }: Cost, t: Translate): string {
  if (costMicros === null) return t('cost unknown');
  return isListPrice ? `≈ ${formatDollars(costMicros)}` : formatDollars(costMicros);
}

/** What a run cost with all of its models; unknown if that of any is. */
export function costOfRun(usage: RunUsage | null): Cost {
  const models = usage?.models ?? [];
  const isUnknown = usage === null || models.some(({ costMicros }) => costMicros === null);
  return {
    costMicros: isUnknown ? null : models.reduce((sum, { costMicros }) => sum + (costMicros ?? 0), 0),
    isListPrice: models.some(({ isListPrice }) => isListPrice),
  };
}

/** What a run cost, and on what that rests. */
export function runCostText(usage: RunUsage | null, t: Translate): string | null {
  if (usage === null) return null;
  const cost = costOfRun(usage);
  const text = formatCost(cost, t);
  if (cost.costMicros !== null) return cost.isListPrice ? t('{0} by list price', text) : text;
  const known = usage.models.reduce((sum, { costMicros }) => sum + (costMicros ?? 0), 0);
  return known > 0 ? t('at least {0}', formatDollars(known)) : text;
}

/** What a run used, by model: `claude-opus-5-5: 6.2 k in (81 % from cache), 300 out`, and how many answers that was. */
export function runTokensText(usage: RunUsage | null, t: Translate): string | null {
  if (usage === null) return null;
  const models = usage.models.map(({ model, inputTokens, cachedTokens, outputTokens }) => {
    const share = inputTokens > 0 ? Math.round((100 * Math.min(cachedTokens, inputTokens)) / inputTokens) : 0;
    const tokens =
      share > 0
        ? t('{0} in ({1} % from cache), {2} out', formatTokens(inputTokens), share, formatTokens(outputTokens))
        : t('{0} in, {1} out', formatTokens(inputTokens), formatTokens(outputTokens));
    return model === '' ? tokens : `${model}: ${tokens}`;
  });
  return [...models, turnsText(usage.turns, t)].filter(Boolean).join('; ');
}

/** What a run used, model by model, and on what each cost rests; then what it comes to: lines for the end of its log. */
export function describeRunUsage(usage: RunUsage, t: Translate): string[] {
  const lines = usage.models.map((model) => {
    const tokens = runTokensText({ models: [model], turns: null }, t) ?? '';
    return `  ${tokens} · ${basisText(model, t)}`;
  });
  const total = [runCostText(usage, t) ?? '', turnsText(usage.turns, t)].filter(Boolean).join(' · ');
  return [t('Cost of this run: {0}', total), ...lines];
}

function basisText(model: Cost, t: Translate): string {
  const text = formatCost(model, t);
  if (model.costMicros === null)
    return t(
      '{0}: its program reported none, and no price of it is known ("prices" in the configuration sets one)',
      text,
    );
  return model.isListPrice ? t('{0} by list price', text) : t('{0} as its program reported', text);
}

function turnsText(turns: number | null, t: Translate): string {
  if (turns === null) return '';
  return turns === 1 ? t('1 turn') : t('{0} turns', turns);
}

/** What a run used and cost, in a line: `claude-opus-5-5: 6.2 k in (81 % from cache), 300 out; 3 turns · $0.12`. */
export function runUsageText(usage: RunUsage, t: Translate): string {
  return [runTokensText(usage, t), runCostText(usage, t)].filter(Boolean).join(' · ');
}

/** A count of tokens: `950`, `6.2 k`, `1.3 M`. */
export function formatTokens(tokens: number): string {
  if (tokens < 1000) return String(tokens);
  const [value, unit] = tokens < 999_500 ? [tokens / 1e3, 'k'] : [tokens / 1e6, 'M'];
  return `${value.toFixed(value < 9.95 ? 1 : 0)} ${unit}`;
}

/** What the runs of agents cost on the day that `now` is in; null if none ended on it. */
export function dayCostText(days: readonly AgentDay[], now: number, t: Translate): string | null {
  const today = days.filter(({ from, to, runs }) => from <= now && now < to && runs > 0);
  if (today.length === 0) return null;
  const unknown = today.reduce((sum, { runsWithoutCost }) => sum + runsWithoutCost, 0);
  if (today.every(({ costMicros }) => costMicros === null)) return t('cost unknown');
  const costMicros = today.reduce((sum, day) => sum + (day.costMicros ?? 0), 0);
  const isListPrice = today.some(({ listedMicros }) => listedMicros > 0);
  const text = formatCost({ costMicros, isListPrice }, t);
  return unknown === 0 ? text : t('{0}, unknown for {1} runs', text, unknown);
}

/** The same where there is little room: null if it is not known, or nothing. */
export function shortDayCost(days: readonly AgentDay[], now: number, t: Translate): string | null {
  const known = days.filter(({ from, to, costMicros }) => from <= now && now < to && (costMicros ?? 0) > 0);
  if (known.length === 0) return null;
  const costMicros = known.reduce((sum, day) => sum + (day.costMicros ?? 0), 0);
  return formatCost({ costMicros, isListPrice: known.some(({ listedMicros }) => listedMicros > 0) }, t);
}
