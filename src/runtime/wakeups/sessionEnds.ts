import type { AuditDetails } from '../governance/audit.ts';
import type { SessionParams } from '../model.ts';
import type { RunRow, Settlement } from '../store/runTable.ts';
import {
  clearConversation,
  countSessionRun,
  deleteEmptySession,
  findSession,
  keepConversation,
  type SavedSession,
  type SessionEnd,
} from '../store/sessionTable.ts';
import type { Writer } from '../store/store.ts';
import { sessionKeyOf } from './sessionKey.ts';

/** A run that had a session, and how it ended. */
interface EndedRun {
  readonly run: RunRow;
  readonly adapter: string;
  readonly settlement: Settlement;
  /** False when its prompt never reached the agent. */
  readonly isDelivered: boolean;
}

/**
 * Notes in the session of a run what became of its conversation, in the transaction that settles it. A session that was reset
 * meanwhile is not the run's any more: nothing is saved back. Answers what the audit log has of it.
 */
export function settleSession(writer: Writer, { run, adapter, settlement, isDelivered }: EndedRun): AuditDetails {
  const key = { agent: run.agent, taskKey: sessionKeyOf(run.taskKey), adapter };
  const saved = findSession(writer, key);
  // One without a run is from an older build, which did not note whose it was.
  if (saved === undefined || (saved.lastRunId ?? run.id) !== run.id) return { session: 'reset' };
  const end: SessionEnd = isDelivered ? (settlement.session ?? { kind: 'counted', isNew: false }) : unchanged;
  const at = settlement.finishedAt;
  const begunAt = run.startedAt ?? at;
  switch (end.kind) {
    case 'kept':
      keepConversation(writer, key, { ...end, ...countOn(saved, end.isNew, begunAt), at });
      return { session: end.isNew ? 'begun' : 'continued' };
    case 'noted':
      keepNoted(writer, saved, { ...end, begunAt, at });
      return { session: end.sessionId === saved.sessionId ? 'continued' : 'begun' };
    case 'cleared':
      clearConversation(writer, key, { at, createdAt: at, handover: end.handover });
      return { session: 'cleared', sessionCleared: end.reason };
    case 'counted':
      if (end.isNew) clearConversation(writer, key, { at, createdAt: begunAt, handover: null });
      countSessionRun(writer, key, at);
      return {};
    case 'unchanged':
      deleteEmptySession(writer, key);
      return {};
  }
}

const unchanged = { kind: 'unchanged' } as const;

/** The runs of the conversation, and its beginning in epoch ms. */
function countOn(saved: SavedSession, isNew: boolean, begunAt: number): { runs: number; createdAt: number } {
  return isNew ? { runs: 1, createdAt: begunAt } : { runs: saved.runs + 1, createdAt: saved.createdAt };
}

/** Of a conversation whose run was lost only its name may be known: `id` is what every adapter calls it. */
function keepNoted(
  writer: Writer,
  saved: SavedSession,
  {
    sessionId,
    cwd,
    begunAt,
    at,
  }: { readonly sessionId: string; readonly cwd: string; readonly begunAt: number; readonly at: number },
): void {
  const isNew = sessionId !== saved.sessionId;
  const { contextTokens, totals } = isNew ? { contextTokens: null, totals: null } : saved;
  const params = isNew || !isParams(saved.params) ? { id: sessionId } : saved.params;
  keepConversation(writer, saved, {
    ...countOn(saved, isNew, begunAt),
    ...{ params, sessionId, cwd, contextTokens, totals, at },
  });
}

/** What this store keeps of a conversation was checked by its codec before. */
function isParams(stored: unknown): stored is SessionParams {
  return typeof stored === 'object' && stored !== null;
}
