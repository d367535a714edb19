import type { AgentEvent } from '../adapters/events.ts';
import type { ModelUsage, RunErrorCode, SessionParams } from '../model.ts';
import type { SessionEnd } from '../store/sessionTable.ts';
import { composeHandover } from './handover.ts';
import type { ProcessOutcome } from './processOutcome.ts';
import { endReasons, type SessionQuestion, type SessionStart } from './sessions.ts';

/** What its program told of its conversation in one attempt. */
export interface HeardSession {
  /** As told last; null if it told of none. */
  readonly params: SessionParams | null;
  /** As told last. */
  readonly contextTokens: number | null;
  /** Whether its model said or did anything. */
  readonly hasWorked: boolean;
}

export const nothingHeard: HeardSession = { params: null, contextTokens: null, hasWorked: false };

/** A program that ends like that was never there. */
const neverThere: readonly (RunErrorCode | null)[] = ['command_not_found', 'cwd_missing', 'spawn_failed'];

/** What an event says of the conversation, besides what was heard before. */
export function hearSession(heard: HeardSession, event: AgentEvent): HeardSession {
  switch (event.kind) {
    case 'session':
      return { ...heard, params: event.params };
    case 'context':
      return { ...heard, contextTokens: event.tokens };
    case 'message':
    case 'toolCall':
      return heard.hasWorked ? heard : { ...heard, hasWorked: true };
    default:
      return heard;
  }
}

/** How the last attempt of a run began and ended. */
interface EndedAttempt {
  readonly start: SessionStart;
  readonly outcome: ProcessOutcome;
  readonly heard: HeardSession;
  /** What the conversation has used since its beginning; none if it was never told. */
  readonly totals: readonly ModelUsage[];
}

/** What a run leaves of its session, and the conversation that it was in. */
interface LeftSession {
  readonly session: SessionEnd;
  readonly sessionId: string | null;
}

/**
 * Decides what a run leaves of its session. Whatever its outcome, the conversation exists and can be gone on with, unless the
 * outcome says that it cannot.
 */
export function decideSessionEnd(question: SessionQuestion, ended: EndedAttempt): LeftSession {
  const { definition, adapter } = question;
  const { start, outcome, heard, totals: told } = ended;
  const current = toCurrent(question, ended);
  const sessionId = current?.sessionId ?? null;
  const canResume = adapter.capabilities(definition).resume;
  const cleared = findClearing(question, ended, current === null);
  if (cleared !== null) return { session: cleared, sessionId };
  if (canResume && neverThere.includes(outcome.errorCode)) return { session: { kind: 'unchanged' }, sessionId: null };
  if (current === null) return { session: endWithout(ended, canResume), sessionId };
  const isNew = sessionId !== start.resumed?.sessionId;
  const before = isNew ? { contextTokens: null } : start;
  const totals = told.length === 0 ? null : told;
  const contextTokens = heard.contextTokens ?? before.contextTokens;
  return { session: { kind: 'kept', isNew, ...current, cwd: definition.cwd, contextTokens, totals }, sessionId };
}

/** The conversation that it told of, else the one that it was to go on with; null if there is none. */
function toCurrent(
  { adapter: { codec } }: SessionQuestion,
  { start, heard }: EndedAttempt,
): { readonly params: SessionParams; readonly sessionId: string } | null {
  const params = heard.params === null ? null : codec.parse(heard.params);
  return params === null ? start.resumed : { params, sessionId: codec.displayId(params) };
}

/** Null where nothing says that the conversation cannot be gone on with. */
function findClearing(
  { taken: { saved, lastWords }, now }: SessionQuestion,
  { start, outcome: { errorCode } }: EndedAttempt,
  isGone: boolean,
): SessionEnd | null {
  const reason = isFatal(errorCode) ? errorCode : isGone ? start.lost : null;
  if (reason === null) return null;
  const old = start.resumed === null ? null : saved;
  const why = endReasons[reason];
  const handover = old === null ? start.handover : composeHandover({ session: old, why, lastWords, now });
  return { kind: 'cleared', reason, handover };
}

function isFatal(code: RunErrorCode | null): code is keyof typeof endReasons {
  return code !== null && Object.hasOwn(endReasons, code);
}

/** A program that could have a conversation, and came to nothing before it had one, has not been in its session at all. */
function endWithout({ start, outcome }: EndedAttempt, canResume: boolean): SessionEnd {
  if (canResume && outcome.status !== 'succeeded') return { kind: 'unchanged' };
  return { kind: 'counted', isNew: start.sessionRun === 1 };
}
