import type { Adapter } from '../adapters/adapter.ts';
import type { AgentDefinition, SessionLimits } from '../definition.ts';
import type { ModelUsage, SessionParams } from '../model.ts';
import type { SavedSession, TakenSession } from '../store/sessionTable.ts';
import { composeHandover } from './handover.ts';
import type { ProcessOutcome } from './processOutcome.ts';

/** How a run begins, as far as its session goes. */
export interface SessionStart {
  /** The conversation that it goes on with; null: it begins one, or its program has none. */
  readonly resumed: { readonly params: SessionParams; readonly sessionId: string } | null;
  /** Which run of its session it is, counted from 1. */
  readonly sessionRun: number;
  /** True: its program remembers nothing, so it is told everything. */
  readonly isFresh: boolean;
  /** What the log begins with, after Reveille's name; null for what anybody would expect. */
  readonly note: string | null;
  /** What it is told of a conversation that it does not go on with. */
  readonly handover: string | null;
  /** What the conversation had used before this run, as its program said; null if not known. */
  readonly totals: readonly ModelUsage[] | null;
  /** What the conversation held, in tokens. */
  readonly contextTokens: number | null;
  /** Why the conversation was found useless that the run was to go on with; null if it was not. */
  readonly lost: 'session_lost' | 'session_broken' | null;
}

/** All that decides how a run begins. */
export interface SessionQuestion {
  readonly taken: TakenSession;
  readonly definition: AgentDefinition;
  readonly adapter: Pick<Adapter, 'capabilities' | 'codec'>;
  /** Epoch ms. */
  readonly now: number;
}

const hourMs = 3_600_000;
/**
 * Decides whether a run goes on with the conversation of its session. It begins another one where the old one belongs to another
 * directory, cannot be read, or has reached a limit; what it came to is handed over then.
 */
export function decideSession(question: SessionQuestion): SessionStart {
  const { taken, definition, adapter, now } = question;
  const { saved, other } = taken;
  const canResume = adapter.capabilities(definition).resume;
  if (saved !== null && isBegun(saved)) {
    const why = findReason(saved, question);
    if (why !== null) return beginAnew(taken, saved, { why, now });
    const params = canResume && saved.sessionId !== null ? adapter.codec.parse(saved.params) : null;
    if (params !== null) return goOn(saved, { params, sessionId: adapter.codec.displayId(params) });
    const sessionRun = saved.runs + 1;
    return { ...plain, sessionRun, isFresh: canResume || sessionRun === 1, handover: saved.handover };
  }
  if (saved !== null && saved.handover !== null)
    return { ...plain, note: 'begins a new conversation', handover: saved.handover };
  if (other === null || !canResume) return beginFirst(taken);
  const why = `that was led by ${other.adapter}, and the agent's adapter is ${definition.adapter} now`;
  return beginAnew(taken, other, { why, now });
}

/** There is nothing to go on with, perhaps because a person wanted it so: nothing is handed over then. */
function beginFirst({ dropped }: TakenSession): SessionStart {
  return dropped !== undefined && isBegun(dropped) ? { ...plain, note: toNote(dropped, 'as was asked for') } : plain;
}

/** Begins once more, with nothing of the conversation that could not be gone on with; null where that would not help. */
export function decideRestart(
  { taken, now }: SessionQuestion,
  start: SessionStart,
  { outcome, heard }: { readonly outcome: ProcessOutcome; readonly heard: { readonly hasWorked: boolean } },
): SessionStart | null {
  const { errorCode } = outcome;
  const isUseless = errorCode === 'session_lost' || (errorCode === 'session_broken' && !heard.hasWorked);
  if (start.resumed === null || !isUseless || taken.saved === null) return null;
  return { ...beginAnew(taken, taken.saved, { why: endReasons[errorCode], now }), lost: errorCode };
}

const plain: SessionStart = {
  resumed: null,
  sessionRun: 1,
  isFresh: true,
  note: null,
  handover: null,
  totals: null,
  contextTokens: null,
  lost: null,
};

/** Why a conversation is given up, by how its last run ended; in words that follow "the conversation". */
export const endReasons = {
  session_lost: "that the agent's program does not know any more",
  session_broken: "that the agent's program could not go on with",
  context_full: 'that had grown too long for its model',
} as const;

/** Something was done in it that the next run could go on with. */
function isBegun({ sessionId, runs }: Pick<SavedSession, 'sessionId' | 'runs'>): boolean {
  return sessionId !== null || runs > 0;
}

function goOn(
  { runs, totals, contextTokens }: SavedSession,
  resumed: NonNullable<SessionStart['resumed']>,
): SessionStart {
  return { ...plain, resumed, sessionRun: runs + 1, isFresh: false, totals, contextTokens };
}

function beginAnew(
  { lastWords }: TakenSession,
  old: SavedSession,
  { why, now }: { readonly why: string; readonly now: number },
): SessionStart {
  const note = toNote(old, why);
  if (old.sessionId === null) return { ...plain, note };
  return { ...plain, note, handover: composeHandover({ session: old, why, lastWords, now }) };
}

function toNote({ sessionId }: Pick<SavedSession, 'sessionId'>, why: string): string {
  return sessionId === null
    ? `counts the runs of its session from 1 again: ${why}`
    : `begins a new conversation in the place of ${sessionId}, ${why}`;
}

/** Why a session is given up, in words that follow "the conversation"; null if it is not. Ages are by a clock that may be set back. */
function findReason(saved: SavedSession, { definition, adapter, now }: SessionQuestion): string | null {
  if (saved.sessionId !== null && saved.cwd !== null && saved.cwd !== definition.cwd) {
    return `that belongs to ${saved.cwd}, and the agent works in ${definition.cwd} now`;
  }
  const limit = findLimit(saved, definition.session, now);
  if (limit !== null) return `that has reached its limit of ${limit}`;
  const isReadable = saved.sessionId === null || adapter.codec.parse(saved.params) !== null;
  return isReadable || !adapter.capabilities(definition).resume ? null : 'of which the stored state cannot be read';
}

/** The limit that a session has reached, as a person would say it; null if none. */
function findLimit(
  { runs, createdAt, contextTokens }: SavedSession,
  { maxRuns, maxAgeHours, maxContextTokens }: SessionLimits,
  now: number,
): string | null {
  if (maxRuns > 0 && runs >= maxRuns) return `${String(maxRuns)} runs`;
  if (maxAgeHours > 0 && now - createdAt >= maxAgeHours * hourMs) return `${String(maxAgeHours)} hours`;
  if (maxContextTokens > 0 && (contextTokens ?? 0) >= maxContextTokens) return `${String(maxContextTokens)} tokens`;
  return null;
}
