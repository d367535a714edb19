import type { ModelUsage } from '../model.ts';
import {
  addAccounts,
  components,
  hasTokens,
  noAccount,
  noTokens,
  tokensBeyond,
  tokensOf,
  totalOf,
  type Account,
  type Accounts,
  type Tokens,
} from './accounts.ts';

/**
 * What a conversation had used of one model when its last run ended, as the agent's program told it, and what it was charged
 * beyond that: a run that was killed has used more than was told of the conversation. Stored as JSON.
 */
export interface SessionTotal extends ModelUsage {
  readonly untold: Tokens & { readonly costMicros: number };
}

/**
 * What a run adds to its conversation, by model: totals told now less those told before and what was charged beyond them.
 * Totals that have become smaller are of another conversation (lost, restarted, replaced): they count from zero. Models may be
 * named otherwise than before; then only the sums are compared.
 */
export function differenceOf(told: Accounts, former: readonly SessionTotal[]): Accounts {
  if (told.size === 0 || former.length === 0) return told;
  const known = former.filter(isKnown);
  if (known.every(({ model }) => told.has(model))) {
    const byModel = new Map(former.map((total) => [total.model, total]));
    if (known.some((total) => isSmaller(told.get(total.model) ?? noAccount, total))) return told;
    return new Map([...told].map(([model, account]) => [model, less(account, byModel.get(model))]));
  }
  const sum = totalOf(told);
  const formerSum = former.reduce(addTotals);
  if (isSmaller(sum, formerSum)) return told;
  return new Map([[onlyModelOf(told), less(sum, formerSum)]]);
}

/** What to know of the conversation at its next run; `charged` is what this run was charged, by model. */
export function nextTotals(
  told: Accounts,
  former: readonly SessionTotal[],
  charged: readonly ModelUsage[],
): readonly SessionTotal[] {
  if (told.size === 0) return addUntold(former, charged);
  const grown = differenceOf(told, former.map(withoutUntold));
  const totals = [...told].map(([model, account]) => toTotal(model, account));
  if (charged.every(({ model }) => grown.has(model))) {
    const rest = charged.map((usage) => beyondGrowth(usage, grown.get(usage.model) ?? noAccount));
    return addUntold(totals, rest);
  }
  const sum = totalOf(new Map(charged.map((usage) => [usage.model, { ...noAccount, ...usage }])));
  const rest = { ...sum, model: onlyModelOf(told), isListPrice: false };
  return addUntold(totals, [beyondGrowth(rest, totalOf(grown))]);
}

/** Whether there is something to take away: told, or charged without having been told. */
function isKnown(total: SessionTotal): boolean {
  return hasTokens(total) || hasTokens(total.untold) || total.costMicros !== null || total.untold.costMicros > 0;
}

function onlyModelOf(accounts: Accounts): string {
  const [only = '', ...others] = accounts.keys();
  return others.length === 0 ? only : '';
}

function withoutUntold(total: SessionTotal): SessionTotal {
  return { ...total, untold: noUntold };
}

function beyondGrowth(usage: ModelUsage, grown: Account): ModelUsage {
  const costMicros = Math.max(0, (usage.costMicros ?? 0) - (grown.costMicros ?? 0));
  return { ...usage, ...tokensBeyond(usage, grown), costMicros };
}

const noUntold = { ...noTokens, costMicros: 0 };

function toTotal(model: string, { costMicros, ...account }: Account): SessionTotal {
  return { model, ...tokensOf(account), costMicros, isListPrice: false, untold: noUntold };
}

function addUntold(totals: readonly SessionTotal[], more: readonly ModelUsage[]): readonly SessionTotal[] {
  const byModel = new Map(totals.map((total) => [total.model, total]));
  for (const { model, costMicros, ...tokens } of more) {
    if (!hasTokens(tokens) && (costMicros ?? 0) === 0) continue;
    const total = byModel.get(model) ?? toTotal(model, noAccount);
    const untold = addAccounts({ ...noAccount, ...total.untold }, { ...noAccount, ...tokensOf(tokens), costMicros });
    byModel.set(model, { ...total, untold: { ...tokensOf(untold), costMicros: untold.costMicros ?? 0 } });
  }
  return [...byModel.values()];
}

/** Of tokens, those that every answer has; without any, of the cost. */
function isSmaller(told: Account, former: Tokens & { readonly costMicros: number | null }): boolean {
  if (hasTokens(former)) {
    return told.inputTokens < former.inputTokens || told.outputTokens < former.outputTokens;
  }
  return told.costMicros !== null && former.costMicros !== null && told.costMicros < former.costMicros;
}

function less(told: Account, former: SessionTotal | undefined): Account {
  if (former === undefined) return told;
  const before = addAccounts({ ...noAccount, ...tokensOf(former) }, { ...noAccount, ...former.untold });
  const tokens = tokensBeyond(told, before);
  // Totals that had no cost before say nothing of what this run cost.
  const isUnknown = told.costMicros === null || (former.costMicros === null && hasTokens(former));
  const formerMicros = (former.costMicros ?? 0) + former.untold.costMicros;
  const costMicros = isUnknown ? null : Math.max(0, told.costMicros - formerMicros);
  return {
    ...tokens,
    costMicros,
    covered: costMicros === null ? noTokens : tokens,
    coversAll: costMicros !== null && told.coversAll,
  };
}

function addTotals(one: SessionTotal, other: SessionTotal): SessionTotal {
  const sum = addAccounts({ ...noAccount, ...one }, { ...noAccount, ...other });
  const untold = addAccounts({ ...noAccount, ...one.untold }, { ...noAccount, ...other.untold });
  return { ...toTotal('', sum), untold: { ...tokensOf(untold), costMicros: untold.costMicros ?? 0 } };
}

/** Reads what was stored; what is not what it should be counts as nothing known. Never throws. */
export function parseTotals(stored: unknown): readonly SessionTotal[] {
  if (!Array.isArray(stored)) return [];
  return (stored as unknown[]).filter(isModelUsage).map((usage) => ({ ...usage, untold: toUntold(usage) }));
}

function toUntold({ untold }: ModelUsage & { readonly untold?: unknown }): SessionTotal['untold'] {
  if (typeof untold !== 'object' || untold === null) return noUntold;
  const { costMicros } = untold as { costMicros?: unknown };
  return hasCounts(untold) && typeof costMicros === 'number' ? { ...tokensOf(untold), costMicros } : noUntold;
}

function isModelUsage(value: unknown): value is ModelUsage {
  if (typeof value !== 'object' || value === null || !hasCounts(value)) return false;
  const { model, costMicros } = value as Partial<Record<'model' | 'costMicros', unknown>>;
  return typeof model === 'string' && (costMicros === null || typeof costMicros === 'number');
}

function hasCounts(value: object): value is Tokens {
  return components.every((name) => typeof (value as Partial<Record<string, unknown>>)[name] === 'number');
}
