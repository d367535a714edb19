import { appendActivity } from '../../src/runtime/store/activityTable.ts';
import { findAgent, setLastRun, setNextHeartbeat } from '../../src/runtime/store/agentTable.ts';
import { setIssueStatus } from '../../src/runtime/store/issueTable.ts';
import {
  findQueuedRunOfScope,
  findRun,
  findRunningRunOfScope,
  insertQueuedRun,
  markRunSettled,
  markRunStarted,
  nextRunNumber,
  setRunHold,
  setRunProcess,
} from '../../src/runtime/store/runTable.ts';
import { countSessionRun, takeSession } from '../../src/runtime/store/sessionTable.ts';
import type { Writer } from '../../src/runtime/store/store.ts';
import { recordUsage } from '../../src/runtime/store/usageTable.ts';
import {
  claimWakeups,
  endWakeupsOfRun,
  insertWakeup,
  listWaitingWakeups,
  nextWakeupNumber,
} from '../../src/runtime/store/wakeupTable.ts';
import {
  activityOf,
  nextId,
  processOf,
  reportedUsage,
  runOf,
  settlementOf,
  wakeupOf,
  workFolder,
  workMs,
  type Scope,
} from './workRows.ts';

const heartbeatMs = 300_000;

/** The part of a transaction that is measured; ids and times are made before. */
export type Step = (writer: Writer) => void;

/** The transactions of one heartbeat run, in the order in which a runtime commits them. */
export function heartbeatSteps({ agent, issueId }: Scope, number: number): Step[] {
  const [runId, wakeupId, pingId, at] = [nextId(), nextId(), nextId(), Date.now()];
  const wakeup = wakeupOf({ id: wakeupId, agent, taskKey: issueId, issueId, runId, requestedAt: at });
  return [
    (writer) => {
      setNextHeartbeat(writer, agent, at + heartbeatMs);
    },
    (writer) => {
      findAgent(writer, agent);
      findQueuedRunOfScope(writer, agent, issueId);
      findRunningRunOfScope(writer, agent, issueId);
      insertWakeup(writer, { ...wakeup, number: nextWakeupNumber(writer) });
      insertQueuedRun(writer, { ...runOf({ ...wakeup, id: runId }), number: nextRunNumber(writer) });
      appendActivity(writer, activityOf({ at, action: 'wake.requested', agent, runId }), null);
    },
    (writer) => {
      setRunHold(writer, runId, 'slots_busy');
    },
    (writer) => {
      findRun(writer, runId);
      const cursor = listWaitingWakeups(writer, agent, issueId).at(-1)?.number ?? 0;
      markRunStarted(writer, runId, {
        at,
        cursor,
        commandLine: 'npm run check -- --changed-only',
        cwd: workFolder,
        adapter: 'process',
      });
      claimWakeups(writer, { agent, taskKey: issueId, cursor, runId });
      setIssueStatus(writer, issueId, 'in_progress', at);
      appendActivity(writer, activityOf({ at, action: 'run.claimed', agent, runId }), null);
    },
    (writer) => {
      setRunProcess(writer, runId, processOf(number));
    },
    (writer) => {
      findRunningRunOfScope(writer, agent, issueId);
      const ping = { ...wakeup, id: pingId, text: null, status: 'coalesced', endedAt: at } as const;
      insertWakeup(writer, { ...ping, number: nextWakeupNumber(writer) });
    },
    (writer) => {
      settle(writer, runId, at + workMs);
    },
    (writer) => {
      setIssueStatus(writer, issueId, 'todo', at + heartbeatMs);
    },
  ];
}

function settle(writer: Writer, runId: string, finishedAt: number): void {
  const run = findRun(writer, runId);
  if (!run) throw new Error('The run is not there.');
  const { agent, taskKey, issueId } = run;
  markRunSettled(writer, runId, settlementOf(finishedAt));
  endWakeupsOfRun(writer, runId, { status: 'completed', reason: null, at: finishedAt });
  recordUsage(writer, { at: finishedAt, agent, issueId, isFailed: false, runMs: workMs, usage: reportedUsage });
  setLastRun(writer, agent, { id: runId, status: 'succeeded', at: finishedAt });
  const key = { agent, taskKey, adapter: 'process' };
  takeSession(writer, key, { runId, at: finishedAt, isFresh: false });
  countSessionRun(writer, key, finishedAt);
  if (issueId !== null) setIssueStatus(writer, issueId, 'in_review', finishedAt);
  appendActivity(writer, activityOf({ at: finishedAt, action: 'run.settled', agent, runId }), null);
}
