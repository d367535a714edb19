import type { ModelUsage } from '../model.ts';

/** Tokens, as `ModelUsage` counts them: what a cache gave and took is part of `inputTokens`. */
export type Tokens = Pick<ModelUsage, 'inputTokens' | 'cachedTokens' | 'cacheWriteTokens' | 'outputTokens'>;

/** What one source says of one model. */
export interface Account extends Tokens {
  /** Integer micro-dollars; null if it says none. */
  readonly costMicros: number | null;
  /** The tokens that were told together with a cost: what it is known to be for. */
  readonly covered: Tokens;
  /** True: a cost was told without any tokens, so it is for all of them. */
  readonly coversAll: boolean;
}

/** What one source says, by model; '' is what it gave to none. */
export type Accounts = ReadonlyMap<string, Account>;

export const components = ['inputTokens', 'cachedTokens', 'cacheWriteTokens', 'outputTokens'] as const;

export const noTokens: Tokens = { inputTokens: 0, cachedTokens: 0, cacheWriteTokens: 0, outputTokens: 0 };
export const noAccount: Account = { ...noTokens, costMicros: null, covered: noTokens, coversAll: false };

/** Computes each component by itself from those of two. */
function combine(one: Tokens, other: Tokens, how: (a: number, b: number) => number): Tokens {
  return {
    inputTokens: how(one.inputTokens, other.inputTokens),
    cachedTokens: how(one.cachedTokens, other.cachedTokens),
    cacheWriteTokens: how(one.cacheWriteTokens, other.cacheWriteTokens),
    outputTokens: how(one.outputTokens, other.outputTokens),
  };
}

const add = (a: number, b: number): number => a + b;
/** What `a` has beyond `b`; never negative. */
const beyond = (a: number, b: number): number => Math.max(0, a - b);

/** Only the tokens of what has them. */
export function tokensOf({ inputTokens, cachedTokens, cacheWriteTokens, outputTokens }: Tokens): Tokens {
  return { inputTokens, cachedTokens, cacheWriteTokens, outputTokens };
}

function addTokens(one: Tokens, other: Tokens): Tokens {
  return combine(one, other, add);
}

export function largestTokens(one: Tokens, other: Tokens): Tokens {
  return combine(one, other, Math.max);
}

/** What one has beyond the other, component by component, never negative. */
export function tokensBeyond(one: Tokens, other: Tokens): Tokens {
  return combine(one, other, beyond);
}

/** True if nothing of `part` goes beyond `whole`. */
export function isWithin(part: Tokens, whole: Tokens): boolean {
  return components.every((name) => part[name] <= whole[name]);
}

export function hasTokens(tokens: Tokens): boolean {
  return components.some((name) => tokens[name] > 0);
}

/** Adds or compares costs of which either may be unknown: what is known counts. */
export function combineCosts(
  one: number | null,
  other: number | null,
  how: (a: number, b: number) => number,
): number | null {
  if (one === null) return other;
  return other === null ? one : how(one, other);
}

/** Two parts of the same account. */
export function addAccounts(one: Account, other: Account): Account {
  return {
    ...addTokens(one, other),
    costMicros: combineCosts(one.costMicros, other.costMicros, add),
    covered: addTokens(one.covered, other.covered),
    coversAll: one.coversAll || other.coversAll,
  };
}

/** Two tellings of the same account: of each component the larger one. */
export function largestAccount(one: Account, other: Account): Account {
  return {
    ...largestTokens(one, other),
    costMicros: combineCosts(one.costMicros, other.costMicros, Math.max),
    covered: largestTokens(one.covered, other.covered),
    coversAll: one.coversAll || other.coversAll,
  };
}

/** More models than this in one source are not told apart: a program could name any number. */
const mostModels = 32;

/** The accounts with one more in them, put together with what is there by `how`. */
export function withAccount(
  accounts: Accounts,
  model: string,
  account: Account,
  how: (one: Account, other: Account) => Account,
): Accounts {
  const name = accounts.has(model) || accounts.size < mostModels ? model : '';
  const known = accounts.get(name);
  return new Map(accounts).set(name, known === undefined ? account : how(known, account));
}

/** All of them in one. */
export function totalOf(accounts: Accounts): Account {
  return [...accounts.values()].reduce(addAccounts, noAccount);
}
