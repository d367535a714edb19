import * as vscode from 'vscode';
import { UserError } from '../../runtime/errors.ts';
import type { Session } from '../../runtime/model.ts';
import type { WakeResult } from '../../protocol.ts';
import { formatRelativeTime } from '../../format.ts';
import { plainLabel } from '../plainText.ts';
import { translate } from '../translate.ts';
import { taskText } from '../words.ts';
import type { ActionContext, AgentChoice } from './actionContext.ts';
import { pick, pickAgent } from './pickers.ts';
import { reviewAgent } from './reviewActions.ts';
import { assertTrusted } from './trust.ts';

const messageMs = 6000;

/** Wakes an agent now. */
export async function wakeAgent(context: ActionContext, given: unknown): Promise<void> {
  const choice = await pickAgent(context, given, { placeHolder: vscode.l10n.t('Which agent shall wake?') });
  if (choice === undefined) return;
  assertTrusted();
  if (!(await mayRun(choice))) return;
  const result = await choice.folder.request('agent.wake', {
    agent: choice.agent.key,
    reason: vscode.l10n.t('Woken from the editor'),
  });
  tellWake(result);
}

/** Wakes an agent with a text that it is given in full. */
export async function wakeAgentWithMessage(context: ActionContext, given: unknown): Promise<void> {
  const choice = await pickAgent(context, given, { placeHolder: vscode.l10n.t('Which agent shall get a message?') });
  if (choice === undefined) return;
  assertTrusted();
  if (!(await mayRun(choice))) return;
  const text = await vscode.window.showInputBox({
    title: vscode.l10n.t('Wake {0}', choice.agent.key),
    prompt: vscode.l10n.t('What shall it know? The agent gets this text in full.'),
    ignoreFocusOut: true,
    validateInput: (value) => (value.trim() === '' ? vscode.l10n.t('Write a message, or press Escape.') : undefined),
  });
  if (text === undefined) return;
  const result = await choice.folder.request('agent.wake', {
    agent: choice.agent.key,
    reason: vscode.l10n.t('Message from the editor'),
    text,
  });
  tellWake(result);
}

/** An agent that was never accepted would only wait: the review comes first. */
export async function mayRun({ folder, agent }: AgentChoice): Promise<boolean> {
  return agent.isRunnable || agent.consent === 'accepted' || reviewAgent(folder, agent.key);
}

/** Says what became of a wake: discreetly when it was taken, as a warning when it was refused. */
export function tellWake(result: WakeResult): void {
  if (result.status === 'refused') throw new UserError('refused', result.message);
  vscode.window.setStatusBarMessage(`$(pulse) ${plainLabel(result.message)}`, messageMs);
}

export async function pauseAgent(context: ActionContext, given: unknown): Promise<void> {
  const choice = await pickAgent(context, given, {
    placeHolder: vscode.l10n.t('Which agent shall pause?'),
    isOffered: ({ agent }) => !agent.isPaused && agent.status !== 'absent',
  });
  await choice?.folder.request('agent.pause', {
    agent: choice.agent.key,
    reason: vscode.l10n.t('Paused from the editor'),
  });
}

export async function resumeAgent(context: ActionContext, given: unknown): Promise<void> {
  const choice = await pickAgent(context, given, {
    placeHolder: vscode.l10n.t('Which agent shall go on?'),
    isOffered: ({ agent }) => agent.isPaused,
  });
  await choice?.folder.request('agent.resume', { agent: choice.agent.key });
}

/** Lets an agent go on that stopped itself, without the conversation in which it did not get on. */
export async function resumeAgentFresh(context: ActionContext, given: unknown): Promise<void> {
  const choice = await pickAgent(context, given, {
    placeHolder: vscode.l10n.t('Which agent shall go on, and start afresh?'),
    isOffered: ({ agent }) => agent.isPaused,
  });
  if (choice === undefined) return;
  assertTrusted();
  await choice.folder.request('session.reset', { agent: choice.agent.key });
  await choice.folder.request('agent.resume', { agent: choice.agent.key });
}

/** Ends all that an agent does and waits for, for good, after a confirmation. */
export async function terminateAgent(context: ActionContext, given: unknown): Promise<void> {
  const choice = await pickAgent(context, given, {
    placeHolder: vscode.l10n.t('Which agent shall be terminated?'),
    isOffered: ({ agent }) => agent.status !== 'terminated',
  });
  if (choice === undefined) return;
  const { key } = choice.agent;
  const terminate = vscode.l10n.t('Terminate');
  const question = vscode.l10n.t('Terminate {0}?', key);
  const detail = vscode.l10n.t(
    'What it does is cancelled, what waits for it is discarded, and nothing wakes it any more. Its history stays. Only Delete Agent lets the configuration start it afresh.',
  );
  if ((await vscode.window.showWarningMessage(question, { modal: true, detail }, terminate)) !== terminate) return;
  await choice.folder.request('agent.terminate', { agent: key, reason: vscode.l10n.t('Terminated from the editor') });
}

export async function openTranscript(context: ActionContext, given: unknown): Promise<void> {
  const choice = await pickAgent(context, given, { placeHolder: vscode.l10n.t('Whose transcript?') });
  if (choice !== undefined) await context.transcripts.show(choice.folder, choice.agent.key);
}

/** Forgets what an agent remembers of one task, or of all, after a confirmation. */
export async function resetSession(context: ActionContext, given: unknown): Promise<void> {
  const choice = await pickAgent(context, given, { placeHolder: vscode.l10n.t('Whose session shall be reset?') });
  if (choice === undefined) return;
  const { sessions, total } = await choice.folder.request('session.list', { agent: choice.agent.key });
  if (sessions.length === 0) {
    void vscode.window.showInformationMessage(
      vscode.l10n.t('{0} has no session: its next run starts fresh anyway.', choice.agent.key),
    );
    return;
  }
  const taskKey = await pickSession(choice, sessions, total);
  if (taskKey === undefined || !(await confirmReset(choice, taskKey, total))) return;
  const { count } = await choice.folder.request('session.reset', {
    agent: choice.agent.key,
    ...(taskKey === null ? {} : { taskKey }),
  });
  vscode.window.setStatusBarMessage(
    count === 1
      ? vscode.l10n.t('1 session of {0} was reset', choice.agent.key)
      : vscode.l10n.t('{0} sessions of {1} were reset', count, choice.agent.key),
    messageMs,
  );
}

/** The task key of the chosen session; null for all of them. */
function pickSession(
  choice: AgentChoice,
  sessions: readonly Session[],
  total: number,
): Promise<string | null | undefined> {
  const now = Date.now();
  const items = sessions.map((session) => ({
    label: `$(history) ${plainLabel(nameOf(choice, session.taskKey))}`,
    description: [
      session.runs === 1 ? vscode.l10n.t('1 run') : vscode.l10n.t('{0} runs', session.runs),
      vscode.l10n.t('last used {0}', formatRelativeTime(session.updatedAt, now, translate)),
    ].join(' · '),
    value: session.taskKey,
  }));
  const all = {
    label: `$(clear-all) ${vscode.l10n.t('All {0} sessions', total)}`,
    description: '',
    value: null,
  };
  return pick<string | null>(
    sessions.length > 1 ? [all, ...items] : items,
    vscode.l10n.t('Which session of {0}?', choice.agent.key),
  );
}

function nameOf({ folder }: AgentChoice, taskKey: string): string {
  return taskText(taskKey, folder.state?.issues ?? new Map(), translate);
}

async function confirmReset(choice: AgentChoice, taskKey: string | null, count: number): Promise<boolean> {
  const question =
    taskKey === null
      ? vscode.l10n.t('Reset all {0} sessions of {1}?', count, choice.agent.key)
      : vscode.l10n.t('Reset the session "{0}" of {1}?', nameOf(choice, taskKey), choice.agent.key);
  const reset = vscode.l10n.t('Reset');
  const detail = vscode.l10n.t('Its next run starts without the conversation so far. Runs and logs are kept.');
  return (await vscode.window.showWarningMessage(question, { modal: true, detail }, reset)) === reset;
}
