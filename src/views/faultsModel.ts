import type { FolderState } from '../connection/folderState.ts';
import { formatRelativeTime, type Translate } from '../format.ts';
import type { Run, RunErrorCode } from '../runtime/model.ts';
import { isOfSetUp, type SetUpFault } from './attention.ts';
import type { ViewSetting } from './folderLevel.ts';
import { factList, treeNode, type TreeNode } from './treeNode.ts';

/** Ends that tell nothing of whether the agent's program could work. */
const silent: ReadonlySet<RunErrorCode | null> = new Set<RunErrorCode>([
  'cancelled_by_user',
  'cancelled_by_stop',
  'process_lost',
  'log_failed',
  'secret_missing',
  'internal',
]);

/**
 * Of each agent that cannot work as it is set up, the run that showed it, newest first. It stands until a later run has shown the
 * contrary, whatever else became of that one.
 */
export function setUpFaults({ agents, runs }: Pick<FolderState, 'agents' | 'runs'>): Run[] {
  const last = new Map<string, Run>();
  for (const run of runs.values()) {
    const agent = agents.get(run.agent);
    if (agent === undefined || agent.status === 'terminated' || agent.status === 'absent') continue;
    if (tells(run) && run.number > (last.get(run.agent)?.number ?? 0)) last.set(run.agent, run);
  }
  return [...last.values()].filter(isOfSetUp).sort((a, b) => b.number - a.number);
}

/** A run that goes on has proved itself once its provider has answered: a login that is missing shows after the start. */
function tells({ finishedAt, errorCode, usage }: Run): boolean {
  return finishedAt === null ? usage !== null : !silent.has(errorCode);
}

/** The rows of the Inbox for agents that cannot work until somebody mends their set-up. */
export function faultRows(folder: string, state: FolderState, { now, t }: ViewSetting): TreeNode[] {
  return setUpFaults(state).map(({ agent, number, message, errorCode, finishedAt }) =>
    treeNode({
      id: `fault:${folder}:${agent}`,
      label: t('{0} cannot work', agent),
      description: [faultText(errorCode, t), finishedAt === null ? '' : formatRelativeTime(finishedAt, now, t)]
        .filter(Boolean)
        .join(' · '),
      tooltip: factList(t('{0} cannot work', agent), [
        [t('Run'), String(number)],
        [t('What happened'), message],
        [t('Until then'), t('this stays here until a run of it has got further')],
      ]),
      icon: { id: 'error', color: 'testing.iconFailed' },
      flags: 'fault',
      subject: { kind: 'agent', folder, agent },
      command: 'reveille.agent.check',
    }),
  );
}

/** What is wrong in a few words; the check says what to do. */
function faultText(fault: RunErrorCode | null, t: Translate): string {
  const texts: Record<SetUpFault, string> = {
    command_not_found: t('program not found'),
    cwd_missing: t('directory missing'),
    spawn_failed: t('program did not start'),
    login_required: t('not logged in'),
    model_unknown: t('model unknown'),
    permission_missing: t('permission missing'),
    unreachable: t('server not reached'),
  };
  return Object.hasOwn(texts, fault ?? '') ? texts[fault as SetUpFault] : '';
}
