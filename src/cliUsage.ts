import type { FolderConnection } from './connection/connection.ts';
import { formatCost, formatDollars, formatTokens } from './costText.ts';
import { formatDuration, untranslated } from './format.ts';
import type { Result } from './protocol.ts';
import { UserError } from './runtime/errors.ts';

export const usageUsage = `  usage                      what runs of today used and cost, by agent; --days N for more days, --by model, issue or day,
                             --json for programs: costs in millionths of a dollar, listedMicros of them by list price`;

/** What the command works with. */
interface UsageCommand {
  readonly connection: Pick<FolderConnection, 'request'>;
  readonly options: {
    /** How many calendar days of this machine, today included. Default 1. */
    readonly days?: string | undefined;
    /** Default `agent`. */
    readonly by?: string | undefined;
    readonly json: boolean;
  };
  /** Epoch ms. */
  readonly now: number;
  readonly print: (line: string) => void;
}

type Group = Result<'usage.query'>['groups'][number];

const groupings = ['agent', 'model', 'issue', 'day'] as const;
const mostDays = 1095;

/** Prints what runs used and cost; answers the exit code. @throws UserError for options that make no sense */
export async function printUsage({ connection, options, now, print }: UsageCommand): Promise<number> {
  const groupBy = groupings.find((one) => one === (options.by ?? 'agent'));
  if (groupBy === undefined) throw new UserError('invalid', `--by takes one of ${groupings.join(', ')}.`);
  const days = parseDays(options.days);
  const from = startOfDay(now, days - 1);
  const found = await connection.request('usage.query', { from, to: now, groupBy });
  if (options.json) {
    print(JSON.stringify({ ...found, groupBy }, null, 2));
    return 0;
  }
  if (found.groups.length === 0) {
    print(days === 1 ? 'No run ended today.' : `No run ended in the last ${String(days)} days.`);
    return 0;
  }
  const names = groupBy === 'issue' ? await nameIssues(connection, found.groups) : new Map<string, string>();
  for (const group of found.groups) print(describeGroup(names.get(group.key) ?? (group.key || 'unknown'), group));
  // A run with several models counts with each of them.
  if (found.groups.length > 1 && groupBy !== 'model') print(describeGroup('together', sumGroups(found.groups)));
  return 0;
}

/** A line about a group of runs. A cost of which a part is not known is a lower bound, and says so. */
function describeGroup(name: string, { runs, failedRuns, runMs, tokens, ...costs }: Group): string {
  const failed = failedRuns === 0 ? '' : ` (${String(failedRuns)} not succeeded)`;
  const facts = [
    `runs: ${String(runs)}${failed}`,
    formatDuration(runMs),
    ...(tokens === null ? [] : [describeTokens(tokens)]),
    describeCost(costs),
  ];
  return `${name.padEnd(24)} ${facts.join(' · ')}`;
}

function describeTokens({ input, cached, output }: NonNullable<Group['tokens']>): string {
  const cache = cached === 0 ? '' : ` (${formatTokens(cached)} from cache)`;
  return `${formatTokens(input)} in${cache}, ${formatTokens(output)} out`;
}

function describeCost({
  costMicros,
  listedMicros,
  runsWithoutCost,
}: Pick<Group, 'costMicros' | 'listedMicros' | 'runsWithoutCost'>): string {
  const isListPrice = listedMicros > 0;
  const cost = formatCost({ costMicros, isListPrice }, untranslated);
  if (costMicros === null) return cost;
  const basis = !isListPrice
    ? ''
    : listedMicros >= costMicros
      ? ' by list price'
      : ` (${formatDollars(listedMicros)} of it by list price)`;
  return runsWithoutCost === 0 ? `${cost}${basis}` : `at least ${cost}${basis}, unknown for ${String(runsWithoutCost)}`;
}

function sumGroups(groups: readonly Group[]): Group {
  const total = (of: (group: Group) => number): number => groups.reduce((sum, group) => sum + of(group), 0);
  const isKnown = groups.some(({ costMicros }) => costMicros !== null);
  const hasTokens = groups.some(({ tokens }) => tokens !== null);
  const tokensOf = (kind: keyof NonNullable<Group['tokens']>): number => total(({ tokens }) => tokens?.[kind] ?? 0);
  return {
    key: '',
    runs: total(({ runs }) => runs),
    failedRuns: total(({ failedRuns }) => failedRuns),
    runMs: total(({ runMs }) => runMs),
    runsWithoutCost: total(({ runsWithoutCost }) => runsWithoutCost),
    costMicros: isKnown ? total(({ costMicros }) => costMicros ?? 0) : null,
    listedMicros: total(({ listedMicros }) => listedMicros),
    tokens: hasTokens
      ? {
          input: tokensOf('input'),
          cached: tokensOf('cached'),
          cacheWrite: tokensOf('cacheWrite'),
          output: tokensOf('output'),
        }
      : null,
  };
}

/** `#12 Title` by issue id; runs of no issue, and of deleted ones, say so. */
async function nameIssues(
  connection: UsageCommand['connection'],
  groups: readonly Group[],
): Promise<Map<string, string>> {
  const names = new Map<string, string>([['', 'no issue']]);
  for (const { key } of groups) {
    if (key === '') continue;
    try {
      const { issue } = await connection.request('issue.get', { issueId: key });
      names.set(
        key,
        `#${String(issue.number)} ${issue.title.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, ' ').slice(0, 60)}`,
      );
    } catch (error) {
      if (!(error instanceof UserError) || error.kind !== 'not_found') throw error;
      names.set(key, 'a deleted issue');
    }
  }
  return names;
}

function parseDays(said: string | undefined): number {
  if (said === undefined) return 1;
  const days = /^\d{1,5}$/.test(said) ? Number(said) : 0;
  if (days >= 1 && days <= mostDays) return days;
  throw new UserError('invalid', `--days takes a number from 1 to ${String(mostDays)}.`);
}

/** When a calendar day of this machine began, epoch ms. */
function startOfDay(now: number, daysAgo: number): number {
  const date = new Date(now);
  return new Date(date.getFullYear(), date.getMonth(), date.getDate() - daysAgo).getTime();
}
