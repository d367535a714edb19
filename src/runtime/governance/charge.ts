import type { ModelUsage, RunUsage } from '../model.ts';
import {
  addAccounts,
  combineCosts,
  hasTokens,
  isWithin,
  largestTokens,
  noAccount,
  noTokens,
  tokensBeyond,
  tokensOf,
  totalOf,
  withAccount,
  type Account,
  type Accounts,
  type Tokens,
} from './accounts.ts';
import { sumAnswers, type Attempt, type Ledger } from './ledger.ts';
import { differenceOf, nextTotals, type SessionTotal } from './sessionTotals.ts';

/** What tokens of a model cost by its list price, in micro-dollars (not rounded); null if nobody knows it. */
export type ListPrice = (model: string, tokens: Tokens, answers: number | null) => number | null;

export interface ChargeOptions {
  /** Of the conversation that the run went on with, as `nextTotals` of an earlier charge; none if it began one. */
  readonly formerTotals: readonly SessionTotal[];
  /** The model that is meant where none was named; null if that is not known. */
  readonly model: string | null;
  readonly listPrice: ListPrice;
}

/** What a run is charged, and what to keep for the next run of its conversation. */
export interface Charge {
  /** Null if nothing is known of it; without models if it is known that nothing was used. */
  readonly usage: RunUsage | null;
  readonly nextTotals: readonly SessionTotal[];
}

/** More is not counted: sums over all runs have to fit into the roll-up. */
const largestSum = 1e12;

/**
 * What a run is charged (design: "the ledger charges max(streamed, books, difference of cumulative reports)"): of each model, component
 * by component, the most that any source says, added up over its conversations. What a source gives to no model is charged as far as it
 * goes beyond the models of all. A cost that was reported for all of the tokens stands; what no cost was reported for is reckoned
 * from the list price; what has neither is unknown, not 0. It is never less than any source says, and never negative.
 */
export function chargeRun({ attempts, turns }: Ledger, options: ChargeOptions): Charge {
  const charges = attempts.map((attempt, index) =>
    chargeAttempt(attempt, { ...options, formerTotals: index === 0 ? options.formerTotals : [] }),
  );
  const models = charges.flatMap(({ models: some }) => some).reduce(addModel, []);
  const counts = attempts.map(answersOf);
  const count = counts.reduce((sum, some) => combineCosts(sum, some, (a, b) => a + b), null);
  const isKnown = models.length > 0 || attempts.length === 0;
  const usage = isKnown ? { models, turns: turns ?? count } : null;
  return { usage, nextTotals: charges.at(-1)?.nextTotals ?? options.formerTotals };
}

/** Answers of models in it; null if none was told by itself. */
function answersOf({ answers }: Attempt): number | null {
  const count = Math.max(answers.told.count, answers.books.count);
  return count === 0 ? null : count;
}

function chargeAttempt(
  attempt: Attempt,
  { formerTotals, model, listPrice }: ChargeOptions,
): { readonly models: readonly ModelUsage[]; readonly nextTotals: readonly SessionTotal[] } {
  const { answers, parts, conversation } = attempt;
  const said = [sumAnswers(answers.told), sumAnswers(answers.books), parts.told, parts.books];
  const sources = giveToOnlyModel([...said, differenceOf(conversation, formerTotals)], model);
  const names = namesIn(sources);
  const named = names.map((name) => {
    const accounts = sources.map((source) => source.get(name) ?? noAccount);
    return toUsage(name, accounts, { tokens: largestOf(accounts), count: answersOf(attempt), listPrice });
  });
  const rest = restOf(sources, named);
  const models = [...named, ...rest].filter((usage) => hasTokens(usage) || usage.costMicros !== null);
  return { models, nextTotals: nextTotals(conversation, formerTotals, models) };
}

/** What was given to no model is of the only one that was named, or else of the one that is meant. */
function giveToOnlyModel(sources: readonly Accounts[], meant: string | null): readonly Accounts[] {
  const [only = meant ?? '', ...others] = namesIn(sources);
  if (others.length > 0 || only === '') return sources;
  return sources.map((source) => {
    const anonymous = source.get('');
    if (anonymous === undefined) return source;
    const named = new Map([...source].filter(([name]) => name !== ''));
    return withAccount(named, only, anonymous, addAccounts);
  });
}

function namesIn(sources: readonly Accounts[]): string[] {
  return [...new Set(sources.flatMap((source) => [...source.keys()]))].filter((name) => name !== '').sort();
}

function largestOf(accounts: readonly Tokens[]): Tokens {
  return accounts.map(tokensOf).reduce(largestTokens, noTokens);
}

/** What sources gave to no model, beyond what is charged for those that were named. */
function restOf(sources: readonly Accounts[], named: readonly ModelUsage[]): ModelUsage[] {
  const totals = sources.filter((source) => source.has('')).map(totalOf);
  if (totals.length === 0) return [];
  const sum = named.reduce((all, usage) => addAccounts(all, { ...noAccount, ...usage }), noAccount);
  const tokens = tokensBeyond(largestOf(totals), sum);
  const costs = totals.map(({ costMicros }) => costMicros).filter((cost) => cost !== null);
  const costMicros = costs.length === 0 ? null : Math.max(0, Math.max(...costs) - (sum.costMicros ?? 0));
  if (named.length > 0 && !hasTokens(tokens) && (costMicros ?? 0) === 0) return [];
  const known = costMicros === null ? null : cap(costMicros);
  return [{ model: '', ...capTokens(tokens), costMicros: known, isListPrice: false }];
}

interface Charged {
  readonly tokens: Tokens;
  readonly count: number | null;
  readonly listPrice: ListPrice;
}

function toUsage(model: string, accounts: readonly Account[], charged: Charged): ModelUsage {
  const { costMicros, isListPrice } = costOf(model, accounts, charged);
  return {
    model,
    ...capTokens(charged.tokens),
    costMicros: costMicros === null ? null : cap(Math.round(costMicros)),
    isListPrice,
  };
}

/** What was reported, and the list price of what no cost was reported for. */
function costOf(
  model: string,
  accounts: readonly Account[],
  { tokens, count, listPrice }: Charged,
): Pick<ModelUsage, 'costMicros' | 'isListPrice'> {
  const reports = accounts.flatMap(({ costMicros, ...report }) =>
    costMicros === null ? [] : [{ ...report, costMicros }],
  );
  const reported = reports.map(({ costMicros }) => costMicros).reduce((a, b) => Math.max(a, b), 0);
  if (reports.some(({ coversAll, covered }) => coversAll || isWithin(tokens, covered))) {
    return { costMicros: reported, isListPrice: false };
  }
  if (reports.length === 0) return toListed(listPrice(model, tokens, count), null);
  const whole = reports.map(({ costMicros, covered }) => {
    const rest = listPrice(model, tokensBeyond(tokens, covered), count);
    return rest === null ? null : costMicros + rest;
  });
  return toListed(
    whole.reduce((a, b) => combineCosts(a, b, Math.max), null),
    reported,
  );
}

/** A cost that was reported for a part only is at least known. */
function toListed(listed: number | null, reported: number | null): Pick<ModelUsage, 'costMicros' | 'isListPrice'> {
  return listed === null
    ? { costMicros: reported, isListPrice: false }
    : { costMicros: Math.max(listed, reported ?? 0), isListPrice: true };
}

/** Two conversations of one run: what is unknown in either is unknown in both. */
function addModel(models: readonly ModelUsage[], more: ModelUsage): readonly ModelUsage[] {
  const known = models.find(({ model }) => model === more.model);
  if (known === undefined) return [...models, more];
  const sum: ModelUsage = {
    model: known.model,
    ...capTokens(addAccounts({ ...noAccount, ...known }, { ...noAccount, ...more })),
    costMicros: known.costMicros === null || more.costMicros === null ? null : cap(known.costMicros + more.costMicros),
    isListPrice: known.isListPrice || more.isListPrice,
  };
  return models.map((one) => (one === known ? sum : one));
}

function capTokens(tokens: Tokens): Tokens {
  const { inputTokens, cachedTokens, cacheWriteTokens, outputTokens } = tokens;
  return {
    inputTokens: cap(inputTokens),
    cachedTokens: cap(cachedTokens),
    cacheWriteTokens: cap(cacheWriteTokens),
    outputTokens: cap(outputTokens),
  };
}

function cap(value: number): number {
  return Math.min(largestSum, value);
}
