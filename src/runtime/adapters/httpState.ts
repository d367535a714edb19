import * as z from 'zod/mini';
import { conversationId } from './conversationId.ts';
import type { AgentEvent, FailureCode, UsageEvent } from './events.ts';

/** Longest texts, in characters; what is longer is cut. An id or address is taken whole or not at all. */
const lengths = { name: 200, message: 2000, address: 4000 };
const maxModels = 16;
/** Tokens and micro-dollars; more is taken for a mistake. */
const largestCount = 1e12;

/** A field that is wrong is as good as one that is missing. */
const orNull = <T extends z.ZodMiniType>(schema: T) => z.catch(z._default(z.nullable(schema), null), null);
const count = orNull(z.int().check(z.nonnegative(), z.lte(largestCount)));
const whole = (length: number) =>
  z.string().check(
    z.minLength(1),
    z.maxLength(length),
    z.refine((value) => !value.includes('\0')),
  );
const message = orNull(
  z.pipe(
    z.string(),
    z.transform((value: string) => cut(value, lengths.message)),
  ),
);
const usage = z.object({
  model: orNull(whole(lengths.name)),
  inputTokens: count,
  cachedTokens: count,
  cacheWriteTokens: count,
  outputTokens: count,
  costUsd: orNull(z.number().check(z.nonnegative(), z.lte(largestCount / 1e6))),
});
const failureCodes = [
  'login_required',
  'session_lost',
  'session_broken',
  'context_full',
  'turn_limit',
  'model_unknown',
  'credit_exhausted',
  'request_refused',
  'permission_missing',
] as const satisfies readonly FailureCode[];

const state = z.object({
  status: z.enum(['queued', 'running', 'succeeded', 'failed', 'cancelled']),
  message,
  changed: orNull(z.boolean()),
  sessionId: orNull(z.string().check(z.regex(conversationId))),
  contextTokens: count,
  /** All that the run has used so far, of each model. */
  usage: z.catch(
    z._default(
      z.union([
        z.array(usage),
        z.pipe(
          usage,
          z.transform((one: z.output<typeof usage>) => [one]),
        ),
      ]),
      [],
    ),
    [],
  ),
  error: orNull(z.enum(failureCodes)),
  limit: orNull(
    z.object({
      limit: z.catch(whole(lengths.name), 'limit'),
      until: orNull(z.iso.datetime({ offset: true })),
    }),
  ),
  retry: orNull(z.boolean()),
  statusUrl: orNull(whole(lengths.address)),
  cancelUrl: orNull(whole(lengths.address)),
});

/** How a run stands, as its server says (docs/http-protocol.md). */
export type HttpState = z.output<typeof state>;

/** What a server said, checked and cut; null if it is no state of a run. Never throws. */
export function parseHttpState(said: unknown): HttpState | null {
  const parsed = state.safeParse(said);
  return parsed.success ? parsed.data : null;
}

/** Whether nothing comes after it. */
export function isFinal({ status }: HttpState): boolean {
  return status !== 'queued' && status !== 'running';
}

/** What a state tells beside its usage, in the order in which it counts: a result never takes back the failure told with it. */
export function toStateEvents(said: HttpState): AgentEvent[] {
  const events: AgentEvent[] = [];
  if (said.sessionId !== null) events.push({ kind: 'session', params: { id: said.sessionId } });
  if (said.contextTokens !== null) events.push({ kind: 'context', tokens: said.contextTokens });
  if (!isFinal(said)) {
    if (said.message !== null && said.message !== '') events.push({ kind: 'progress', text: cut(said.message, 500) });
    return events;
  }
  const isGood = said.status === 'succeeded';
  const text = said.message ?? (said.status === 'cancelled' ? 'Its server cancelled it.' : null);
  events.push({
    kind: 'result',
    status: isGood ? 'succeeded' : 'failed',
    message: text === '' ? null : text,
    hasChanged: said.changed,
  });
  if (isGood) return events;
  if (said.retry === true) events.push({ kind: 'transientError', message: said.message });
  if (said.limit !== null) {
    const until = said.limit.until === null ? null : Date.parse(said.limit.until);
    events.push({ kind: 'rateLimit', limit: said.limit.limit, until });
  }
  if (said.error !== null) events.push({ kind: 'failure', code: said.error, message: said.message });
  return events;
}

const counts = ['inputTokens', 'cachedTokens', 'cacheWriteTokens', 'outputTokens', 'costMicros'] as const;
type Totals = Pick<UsageEvent, 'model' | (typeof counts)[number]>;

/**
 * Turns the totals that each state repeats into parts that can be added up. A total that shrinks is a mistake of the server's:
 * nothing is taken back, and what comes counts from the largest on.
 */
export class UsageSteps {
  readonly #seen = new Map<string, Totals>();

  /** What is new in a state; nothing for models beyond 16. */
  step({ usage: all }: HttpState): UsageEvent[] {
    return all.flatMap(({ costUsd, ...tokens }) => {
      const now: Totals = { ...tokens, costMicros: costUsd === null ? null : Math.round(costUsd * 1e6) };
      const key = now.model ?? '';
      const before = this.#seen.get(key);
      if (before === undefined && this.#seen.size >= maxModels) return [];
      this.#seen.set(key, before === undefined ? now : largest(before, now));
      const part = before === undefined ? now : difference(before, now);
      return before !== undefined && counts.every((name) => (part[name] ?? 0) === 0)
        ? []
        : [{ basis: 'run', id: null, ...part }];
    });
  }
}

function largest(before: Totals, now: Totals): Totals {
  return each(now, (name) => (now[name] === null ? before[name] : Math.max(before[name] ?? 0, now[name])));
}

function difference(before: Totals, now: Totals): Totals {
  return each(now, (name) => (now[name] === null ? null : Math.max(0, now[name] - (before[name] ?? 0))));
}

function each(now: Totals, value: (name: (typeof counts)[number]) => number | null): Totals {
  return {
    model: now.model,
    inputTokens: value('inputTokens'),
    cachedTokens: value('cachedTokens'),
    cacheWriteTokens: value('cacheWriteTokens'),
    outputTokens: value('outputTokens'),
    costMicros: value('costMicros'),
  };
}

/** At most `length` characters, well-formed and without NULs, which no text of ours can hold. */
function cut(text: string, length: number): string {
  const clean = text.replaceAll('\0', '').trim();
  return (clean.length <= length ? clean : `${clean.slice(0, length - 1)}…`).toWellFormed();
}
