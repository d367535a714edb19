import type { Clock } from '../clock.ts';
import type { DeletionPreview } from '../../protocol.ts';
import { UserError } from '../errors.ts';
import { userActor, type Audit, type Actor } from '../governance/audit.ts';
import type { ConfigurationState } from '../model.ts';
import { LogFolder } from '../runs/logFolder.ts';
import type { RequestHandlers } from '../server.ts';
import type { ClientContext } from '../serverClient.ts';
import { eraseActivityTexts } from '../store/activityTable.ts';
import { setAgentState } from '../store/agentTable.ts';
import {
  eraseAgent,
  eraseIssue,
  eraseRuns,
  isIssueBusy,
  listSettledRunIds,
  measureExtent,
  refreshLastRun,
  measureLogs,
  type RunFilter,
} from '../store/deletion.ts';
import { listBlocked } from '../store/issueBlockerTable.ts';
import { findIssue } from '../store/issueTable.ts';
import { listPendingAbout, listPendingOf } from '../store/questionTable.ts';
import { countRuns, findRun } from '../store/runTable.ts';
import type { StateTransaction, StateWriter } from '../store/stateWriter.ts';
import type { Store } from '../store/store.ts';
import { eventsOfFreed, eventsOfParent, touchRelated } from '../wakeups/issueConsequences.ts';
import { isOpen } from '../wakeups/issueEvents.ts';
import type { WakeDesk } from '../wakeups/wakeDesk.ts';
import { withdrawQuestions } from '../wakeups/withdrawQuestions.ts';
import { requireAgent, unknownIssue } from './agentRequests.ts';
import { wakeFor } from './issueActs.ts';
import { assertMayManageState } from './stateRequests.ts';

type DeletionRequests = Pick<RequestHandlers, 'deletion.preview' | 'issue.delete' | 'run.delete' | 'agent.delete'>;

export interface DeletionRequestOptions {
  readonly store: Store;
  readonly state: StateWriter;
  readonly clock: Clock;
  readonly audit: Audit;
  readonly desk: WakeDesk;
  readonly logsDirectory: string;
  /** Brings the agents in line with the file, which may define a deleted one. */
  readonly reloadConfiguration: () => Promise<ConfigurationState>;
}

/** Runs that one transaction deletes at most. */
const sliceRuns = 250;

/** Requests that delete parts of the state. Rows go first, files when that is durable: a crash leaves files that nobody refers to. */
export function deletionRequests(options: DeletionRequestOptions): DeletionRequests {
  const { store, state, audit } = options;
  return {
    'deletion.preview': ({ target }) => {
      switch (target.kind) {
        case 'issue':
          return preview(store, { issueId: target.issueId });
        case 'run':
          return preview(store, { runId: target.runId });
        case 'agent':
          return { ...preview(store, { agent: target.agent }), isConfigured: isConfigured(store, target.agent) };
        case 'state':
          return preview(store, 'all');
      }
    },
    'issue.delete': async ({ issueId }, client) => {
      assertMayManageState(client);
      state.commit((transaction) => {
        removeIssue(options, transaction, issueId, client);
      });
      await options.desk.settleRequests();
      return {};
    },
    'run.delete': async ({ runId }, client) => {
      assertMayManageState(client);
      state.commit((transaction) => {
        const run = findRun(transaction, runId);
        if (!run) throw new UserError('not_found', 'That run is not in the history any more.');
        if (run.finishedAt === null) {
          throw new UserError('refused', 'That run is queued or running. Cancel it first, then delete it.');
        }
        const { agent } = run;
        for (const { id } of listPendingOf(transaction, { agent, runId })) transaction.touchQuestion(id);
        eraseRuns(transaction, [runId]);
        eraseActivityTexts(transaction, { runId });
        refreshLastRun(transaction, run.agent);
        audit.record(transaction, {
          actor: userActor(client),
          action: 'run.deleted',
          target: `run:${runId}`,
          agent,
          runId,
        });
        transaction.touchRun(runId);
        transaction.touchAgent(run.agent);
      });
      await store.durable();
      await removeLogs(options.logsDirectory, [runId]);
      return {};
    },
    'agent.delete': async ({ agent, evenIfConfigured }, client) => {
      assertMayManageState(client);
      requireAgent(store, agent);
      if (isConfigured(store, agent) && evenIfConfigured !== true) {
        throw new UserError(
          'refused',
          `The configuration defines ${agent}. Take it out of the file first, or confirm it.`,
        );
      }
      await deleteAgentInSlices(options, agent, userActor(client));
      await options.reloadConfiguration();
      return {};
    },
  };
}

/** As part of the caller's transaction. Whoever waited for it, or had it as a part, is woken. */
function removeIssue(
  options: DeletionRequestOptions,
  transaction: StateTransaction,
  issueId: string,
  client: ClientContext,
): void {
  const issue = findIssue(transaction, issueId);
  if (!issue) throw unknownIssue();
  if (isIssueBusy(transaction, issueId)) {
    throw new UserError(
      'refused',
      `Issue #${String(issue.number)} is being worked on, or a run for it is queued. Cancel that run first, then delete the issue.`,
    );
  }
  const freed = listBlocked(transaction, issueId);
  touchRelated(transaction, issue);
  for (const id of listPendingAbout(transaction, issueId)) transaction.touchQuestion(id);
  for (const child of eraseIssue(transaction, issueId)) transaction.touchIssue(child);
  eraseActivityTexts(transaction, { issueId });
  options.audit.record(transaction, { actor: userActor(client), action: 'issue.deleted', target: `issue:${issueId}` });
  transaction.touchIssue(issueId);
  if (!isOpen(issue.status)) return;
  const events = [...eventsOfFreed(transaction, freed, issue), ...eventsOfParent(transaction, issue)];
  wakeFor(options, transaction, events, client);
}

/** A long history is deleted a piece at a time; meanwhile the agent is terminated, so that nothing new comes. */
async function deleteAgentInSlices(options: DeletionRequestOptions, agent: string, actor: Actor): Promise<void> {
  const { store, state, clock, audit, logsDirectory } = options;
  state.commit((transaction) => {
    if (countRuns(transaction, agent, 'running') > 0) {
      throw new UserError('refused', `${agent} is running. Cancel its runs first, then delete it.`);
    }
    setAgentState(transaction, agent, 'terminated', 'It is being deleted.');
    withdrawQuestions(transaction, { agent }, { at: clock.now(), audit });
    transaction.touchAgent(agent);
  });
  for (;;) {
    const runIds = listSettledRunIds(store, agent, sliceRuns);
    if (runIds.length === 0) break;
    state.commit((transaction) => {
      eraseRuns(transaction, runIds);
      for (const id of runIds) transaction.touchRun(id);
    });
    await store.durable();
    await removeLogs(logsDirectory, runIds);
  }
  state.commit((transaction) => {
    const left = transaction.all('SELECT id FROM run WHERE agent = ? ORDER BY number', [agent]);
    const issues = eraseAgent(transaction, agent, clock.now());
    eraseActivityTexts(transaction, { agent });
    audit.record(transaction, { actor, action: 'agent.deleted', target: `agent:${agent}`, agent });
    for (const [id] of left) transaction.touchRun(String(id));
    for (const id of issues) transaction.touchIssue(id);
    transaction.touchAgent(agent);
  });
  await store.durable();
}

function preview(store: Store, filter: RunFilter): DeletionPreview {
  return { ...measureExtent(store, filter), logBytes: measureLogs(store, filter), isConfigured: false };
}

function isConfigured(store: Store, agent: string): boolean {
  return !requireAgent(store, agent).isAbsent;
}

async function removeLogs(logsDirectory: string, runIds: readonly string[]): Promise<void> {
  const logs = new LogFolder(logsDirectory);
  for (const runId of runIds) await logs.remove(runId);
}
