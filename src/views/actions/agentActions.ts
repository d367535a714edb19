import * as vscode from 'vscode';
import { UserError } from '../../runtime/errors.ts';
import type { WakeResult } from '../../protocol.ts';
import { plainLabel } from '../plainText.ts';
import type { ActionContext, AgentChoice } from './actionContext.ts';
import { pickAgent } from './pickers.ts';
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
  context.sessions.refresh();
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
