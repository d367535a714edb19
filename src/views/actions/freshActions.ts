import * as vscode from 'vscode';
import type { ListedSession } from '../../protocolSessions.ts';
import { unscopedSession } from '../../runtime/model.ts';
import { plainLabel } from '../plainText.ts';
import { sessionName } from '../sessionsModel.ts';
import { translate } from '../translate.ts';
import type { ActionContext, AgentChoice } from './actionContext.ts';
import { mayRun, tellWake } from './agentActions.ts';
import { pick, pickAgent } from './pickers.ts';
import { assertTrusted } from './trust.ts';

/** What a wake is about, as the runtime is asked. */
interface Task {
  readonly issueId?: string;
  readonly taskKey?: string;
}

/** Wakes an agent without the conversation that it had, of the task that the user picks. */
export async function wakeAgentFresh(context: ActionContext, given: unknown): Promise<void> {
  const choice = await pickAgent(context, given, { placeHolder: vscode.l10n.t('Which agent shall start afresh?') });
  if (choice === undefined) return;
  assertTrusted();
  if (!(await mayRun(choice))) return;
  const task = await pickTask(choice);
  if (task === undefined) return;
  const { folder, agent } = choice;
  const reason = vscode.l10n.t('Woken with a fresh session');
  tellWake(await folder.request('agent.wake', { agent: agent.key, reason, isFresh: true, ...task }));
}

/** Nothing is asked where there is no session but that of wakes without a task. */
async function pickTask({ folder, agent }: AgentChoice): Promise<Task | undefined> {
  const { sessions } = await folder.request('session.list', { agent: agent.key });
  const others = sessions.filter(({ taskKey }) => taskKey !== unscopedSession);
  if (others.length === 0) return {};
  const issues = folder.state?.issues ?? new Map();
  const items = others.map((session) => ({
    label: `$(history) ${plainLabel(sessionName(session, { issues }, translate))}`,
    value: toTask(session),
  }));
  const none = { label: `$(play) ${vscode.l10n.t('Without a task')}`, value: {} };
  return pick<Task>([none, ...items], vscode.l10n.t('Which session of {0} shall be left behind?', agent.key));
}

function toTask({ issue, taskKey }: ListedSession): Task {
  return issue === null ? { taskKey } : { issueId: issue.id };
}
