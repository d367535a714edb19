import type { Adapter } from '../adapters/adapter.ts';
import type { AgentEvent } from '../adapters/events.ts';
import type { Clock } from '../clock.ts';
import type { AgentDefinition } from '../definition.ts';
import { addUsage } from '../governance/ledger.ts';
import { parseTotals } from '../governance/sessionTotals.ts';
import type { SessionParams } from '../model.ts';
import type { RunRow, Settlement } from '../store/runTable.ts';
import type { SavedSession } from '../store/sessionTable.ts';
import { chargeOutcome } from './chargeOutcome.ts';
import { replayLog } from './replayLog.ts';
import { addEvent, nothingReported, type RunReport } from './report.ts';
import { hearSession, nothingHeard, type HeardSession } from './sessionEnd.ts';
import { UsageBooks } from './usageBooks.ts';
import { within } from './within.ts';

/** What a lost run was started with, as far as that is still known. */
export interface LostRunOrigin {
  readonly definition: AgentDefinition;
  readonly adapter: Adapter;
  /** Its session as it had taken it; null if it was reset meanwhile. */
  readonly saved: SavedSession | null;
  /** What its program had been given of the machine and by its definition; secrets are not known yet. */
  readonly env: Readonly<Record<string, string>>;
}

/** What a lost run had told, and what its program noted of it. */
export interface Evidence {
  readonly report: RunReport;
  readonly heard: HeardSession;
}

/**
 * Gathers what is known of a lost run, of which nothing is alive any more: its log is heard again, and the books of its program are read.
 * What has not been read after `limitMs` stays unknown. Never rejects.
 */
export async function readEvidence(
  run: RunRow,
  { definition, adapter, env }: LostRunOrigin,
  { logPath, clock, limitMs }: { readonly logPath: string; readonly clock: Clock; readonly limitMs: number },
): Promise<Evidence> {
  let report = nothingReported;
  let heard = nothingHeard;
  let isOver = false;
  const reader = adapter.read(definition);
  const tell = (event: AgentEvent): void => {
    report = addEvent(report, event);
    heard = hearSession(heard, event);
  };
  const gather = async (): Promise<void> => {
    // A log that cannot be read says nothing.
    if (reader !== null) await replayLog(logPath, { reader, tell, isOver: () => isOver }).catch(() => undefined);
    const { books } = adapter;
    const session = conversationOf(run, adapter, heard);
    if (books === null || session === null || isOver) return;
    const onEvent = (event: AgentEvent): void => {
      if (isOver) return;
      if (event.kind === 'usage') report = { ...report, ledger: addUsage(report.ledger, event.usage, 'books') };
      heard = hearSession(heard, event);
    };
    const reading = new UsageBooks({ books, place: { env, cwd: run.cwd }, since: run.startedAt ?? 0, clock, onEvent });
    reading.follow(session);
    await reading.finish({ limitMs });
  };
  await within(clock, limitMs, gather());
  isOver = true;
  return { report, heard };
}

/** What a lost run is charged, and what it leaves of its session. */
export async function settleEvidence(
  run: RunRow,
  { definition, adapter, saved }: LostRunOrigin,
  { evidence: { report, heard }, at }: { readonly evidence: Evidence; readonly at: number },
): Promise<Pick<Settlement, 'usage' | 'sessionId' | 'session' | 'hasChanged'>> {
  const params = conversationOf(run, adapter, heard);
  const sessionId = params === null ? null : adapter.codec.displayId(params);
  const former = saved !== null && saved.sessionId === sessionId ? saved : null;
  const formerTotals = parseTotals(former?.totals);
  const { usage, sessionTotals } = await chargeOutcome({ ledger: report.ledger }, { definition, formerTotals, at });
  const charged = { usage, hasChanged: report.result?.hasChanged ?? null };
  if (params === null || sessionId === null) return charged;
  const totals = sessionTotals.length === 0 ? null : sessionTotals;
  const contextTokens = heard.contextTokens ?? former?.contextTokens ?? null;
  const kept = {
    kind: 'kept',
    isNew: former === null,
    params,
    sessionId,
    cwd: run.cwd,
    contextTokens,
    totals,
  } as const;
  return { ...charged, sessionId, session: kept };
}

/** What it said at its end, where nothing else is needed for a success; null if it had not said that it succeeded. */
export function findSuccess(
  { definition, adapter }: LostRunOrigin,
  { report: { result, failure, setback } }: Evidence,
): { readonly message: string | null } | null {
  if (adapter.capabilities(definition).success !== 'result' || failure !== null || setback !== null) return null;
  return result?.status === 'succeeded' ? { message: result.message } : null;
}

/** The conversation that it was in last: as its log says, else as it was noted. */
function conversationOf({ sessionId }: RunRow, { codec }: Adapter, { params }: HeardSession): SessionParams | null {
  const told = params === null ? null : codec.parse(params);
  return told ?? (sessionId === null ? null : codec.parse({ id: sessionId }));
}
