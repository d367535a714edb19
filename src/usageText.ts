import type { Translate } from './format.ts';
import type { ModelUsage, RunUsage } from './runtime/model.ts';

const microsPerDollar = 1_000_000;

/** A count of tokens: `870`, `4.1k`, `41k`, `1.2M`. */
export function formatTokens(tokens: number): string {
  const count = Math.max(0, Math.round(tokens));
  if (count < 1000) return String(count);
  if (count < 999_500) return `${oneDecimal(count / 1000)}k`;
  return `${oneDecimal(count / 1_000_000)}M`;
}

function oneDecimal(value: number): string {
  return value < 9.95 ? value.toFixed(1).replace(/\.0$/, '') : String(Math.round(value));
}

/** Integer micro-dollars as dollars: with cents, and below ten cents with four digits. */
export function formatCost(costMicros: number): string {
  const dollars = costMicros / microsPerDollar;
  return `$${dollars !== 0 && dollars < 0.1 ? dollars.toFixed(4) : dollars.toFixed(2)}`;
}

/** What a run used, in a line: `12k tokens in (10k from the cache), 1.2k out · $0.0123`. What nobody said is called unknown, never 0. */
export function describeUsage({ models, turns }: RunUsage, t: Translate): string {
  const sum = (of: (usage: ModelUsage) => number): number => models.reduce((total, usage) => total + of(usage), 0);
  const input = formatTokens(sum(({ inputTokens }) => inputTokens));
  const output = formatTokens(sum(({ outputTokens }) => outputTokens));
  const cached = sum(({ cachedTokens }) => cachedTokens);
  const tokens =
    cached === 0
      ? t('{0} tokens in, {1} out', input, output)
      : t('{0} tokens in ({1} from the cache), {2} out', input, formatTokens(cached), output);
  const calls = turns === null ? '' : turns === 1 ? t('1 model call') : t('{0} model calls', turns);
  return [tokens, calls, costText(models, t)].filter(Boolean).join(' · ');
}

function costText(models: readonly ModelUsage[], t: Translate): string {
  const known = models.filter(({ costMicros }) => costMicros !== null);
  if (known.length === 0) return t('cost unknown');
  const cost = formatCost(known.reduce((total, { costMicros }) => total + (costMicros ?? 0), 0));
  if (known.length < models.length) return t('at least {0}', cost);
  return known.some(({ isListPrice }) => isListPrice) ? t('{0} by list price', cost) : cost;
}
