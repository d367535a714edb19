import { UserError } from '../errors.ts';
import { daysOf, type LocalDay, type Span } from '../localDays.ts';
import type { RequestHandlers } from '../server.ts';
import type { Store } from '../store/store.ts';
import {
  groupUsage,
  knownCostOf,
  quarterMs,
  quarterOf,
  sumUsage,
  type Quarters,
  type Usage,
} from '../store/usageTable.ts';

type UsageRequests = Pick<RequestHandlers, 'usage.query'>;
type UsageGroup = Awaited<ReturnType<UsageRequests['usage.query']>>['groups'][number];

const longestMs = 1100 * 24 * 60 * 60 * 1000;

/** Requests about what runs took; answered from the roll-up alone, so also for runs that are gone. */
export function usageRequests({ store }: { readonly store: Store }): UsageRequests {
  return {
    'usage.query': ({ from, to, groupBy, timeZone }) => {
      const span = wholeQuarters({ from, to });
      const groups =
        groupBy === 'day'
          ? daysBetween(span, timeZone).map((day) => toGroup(day.date, sumUsage(store, toQuarters(day))))
          : groupUsage(store, toQuarters(span), groupBy).map(({ key, usage }) => toGroup(key, usage));
      return { ...span, groups: groups.filter(({ runs }) => runs > 0) };
    },
  };
}

/** The roll-up knows quarter-hours: a span is widened to whole ones. */
function wholeQuarters({ from, to }: Span): Span {
  if (to < from || to - from > longestMs) {
    throw new UserError('invalid', 'Ask for a span that ends after it begins and is three years at most.');
  }
  return { from: Math.floor(from / quarterMs) * quarterMs, to: Math.ceil(to / quarterMs) * quarterMs };
}

function toQuarters({ from, to }: Span): Quarters {
  return { from: quarterOf(from), to: quarterOf(to) };
}

function daysBetween(span: Span, timeZone: string | undefined): LocalDay[] {
  try {
    return daysOf(span, timeZone ?? Intl.DateTimeFormat().resolvedOptions().timeZone);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new UserError('invalid', `"${timeZone ?? ''}" is no time zone. Use a name such as Europe/Paris.`);
  }
}

/** What is not known is null, never 0. */
function toGroup(key: string, usage: Usage): UsageGroup {
  const { runs, failedRuns, runMs, runsWithoutCost, listedMicros } = usage;
  const { inputTokens: input, cachedTokens: cached, cacheWriteTokens: cacheWrite, outputTokens: output } = usage;
  return {
    key,
    runs,
    failedRuns,
    runMs,
    runsWithoutCost,
    costMicros: knownCostOf(usage),
    listedMicros,
    tokens: input + cached + cacheWrite + output === 0 ? null : { input, cached, cacheWrite, output },
  };
}
