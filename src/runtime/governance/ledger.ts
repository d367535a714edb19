import type { UsageEvent } from '../adapters/events.ts';
import {
  addAccounts,
  largestAccount,
  noTokens,
  withAccount,
  type Account,
  type Accounts,
  type Tokens,
} from './accounts.ts';

/** Who says it: the program in its output, or the books that it keeps of its conversations in files. */
export type UsageSource = 'told' | 'books';

/** Answers of models as one source names them. */
interface Answers {
  /** The last ones by their ids, which may be told again. */
  readonly recent: ReadonlyMap<string, { readonly model: string; readonly account: Account }>;
  /** All others together. */
  readonly others: Accounts;
  readonly count: number;
}

/** What was said while one conversation went on. */
export interface Attempt {
  readonly answers: Readonly<Record<UsageSource, Answers>>;
  /** Parts of the run that were reported as such. */
  readonly parts: Readonly<Record<UsageSource, Accounts>>;
  /** The conversation from its very beginning, as far as it was told last. */
  readonly conversation: Accounts;
}

/**
 * What was said of the usage of one run, kept apart by who said it and what it is of. It never changes; what the run is charged
 * is in `charge.ts`.
 */
export interface Ledger {
  /** One conversation each, in their order; only the first can be one that an earlier run had begun. None: nothing was started. */
  readonly attempts: readonly Attempt[];
  /** Answers of models, as results counted them; null if none did. */
  readonly turns: number | null;
}

const nobody: Accounts = new Map();
const noAnswers: Answers = { recent: new Map(), others: nobody, count: 0 };
const nothingSaid: Attempt = {
  answers: { told: noAnswers, books: noAnswers },
  parts: { told: nobody, books: nobody },
  conversation: nobody,
};

export const emptyLedger: Ledger = { attempts: [nothingSaid], turns: null };
/** Of a run of which nothing was started: it used nothing, and that is known. */
export const nothingStarted: Ledger = { attempts: [], turns: null };

/** Ids that are remembered; one that is told again after so many others counts twice, rather than memory without a bound. */
const rememberedAnswers = 512;

/** No component of one report counts more: sums have to stay exact enough. */
const largestReport = 1e12;
const longestModelName = 200;

/** The ledger with one more report in it. */
export function addUsage(ledger: Ledger, usage: UsageEvent, source: UsageSource = 'told'): Ledger {
  const attempt = ledger.attempts.at(-1) ?? nothingSaid;
  return { ...ledger, attempts: [...ledger.attempts.slice(0, -1), addToAttempt(attempt, usage, source)] };
}

/** The ledger with the count of one result in it; results of one run count on from nothing. */
export function addTurns(ledger: Ledger, turns: number | null | undefined): Ledger {
  return turns === null || turns === undefined ? ledger : { ...ledger, turns: (ledger.turns ?? 0) + turns };
}

/** Two attempts of one run, each with a conversation of its own because the first one was lost: both count. */
export function joinLedgers(first: Ledger, second: Ledger): Ledger {
  const turns = first.turns === null && second.turns === null ? null : (first.turns ?? 0) + (second.turns ?? 0);
  return { ...second, attempts: [...first.attempts, ...second.attempts], turns };
}

function addToAttempt(attempt: Attempt, usage: UsageEvent, source: UsageSource): Attempt {
  const account = toAccount(usage);
  const model = (usage.model ?? '').slice(0, longestModelName);
  switch (usage.basis) {
    case 'message': {
      const answers = addAnswer(attempt.answers[source], usage.id, model, account);
      return { ...attempt, answers: { ...attempt.answers, [source]: answers } };
    }
    case 'run': {
      const parts = withAccount(attempt.parts[source], model, account, addAccounts);
      return { ...attempt, parts: { ...attempt.parts, [source]: parts } };
    }
    case 'session':
      return { ...attempt, conversation: withAccount(attempt.conversation, model, account, largestAccount) };
  }
}

function addAnswer({ recent, others, count }: Answers, id: string | null, model: string, account: Account): Answers {
  if (id === null) return { recent, others: withAccount(others, model, account, addAccounts), count: count + 1 };
  const known = recent.get(id);
  if (known !== undefined) {
    const again = { model: model === '' ? known.model : model, account: largestAccount(known.account, account) };
    return { recent: new Map(recent).set(id, again), others, count };
  }
  const remembered = new Map(recent).set(id, { model, account });
  const [oldest] = remembered;
  if (remembered.size <= rememberedAnswers || oldest === undefined)
    return { recent: remembered, others, count: count + 1 };
  remembered.delete(oldest[0]);
  const settled = withAccount(others, oldest[1].model, oldest[1].account, addAccounts);
  return { recent: remembered, others: settled, count: count + 1 };
}

/** What a source says of its answers, by model. */
export function sumAnswers({ recent, others }: Answers): Accounts {
  return [...recent.values()].reduce(
    (sum, { model, account }) => withAccount(sum, model, account, addAccounts),
    others,
  );
}

function toAccount(usage: UsageEvent): Account {
  const tokens: Tokens = {
    inputTokens: toCount(usage.inputTokens),
    cachedTokens: toCount(usage.cachedTokens),
    cacheWriteTokens: toCount(usage.cacheWriteTokens),
    outputTokens: toCount(usage.outputTokens),
  };
  const costMicros = usage.costMicros === null ? null : toCount(usage.costMicros);
  const hasCount = usage.inputTokens !== null || usage.outputTokens !== null;
  return {
    ...tokens,
    costMicros,
    covered: costMicros === null ? noTokens : tokens,
    coversAll: costMicros !== null && !hasCount,
  };
}

/** A whole number that can be counted on, whatever was said; what was not said counts nothing. */
function toCount(said: number | null): number {
  return said === null || !(said > 0) ? 0 : Math.min(largestReport, Math.round(said));
}
