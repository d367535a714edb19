import * as vscode from 'vscode';
import type { Run } from '../../runtime/model.ts';
import type { FolderConnection } from '../../connection/connection.ts';
import type { ActionContext } from './actionContext.ts';
import { tellWake } from './agentActions.ts';
import { pickRun } from './pickers.ts';
import { assertTrusted } from './trust.ts';

/** Ends a queued run with its wakes; asks first when a person's message would be lost. */
export async function discardQueuedRun(context: ActionContext, given: unknown): Promise<void> {
  const chosen = await pickQueued(context, given, vscode.l10n.t('Which queued run shall be discarded?'));
  if (chosen === undefined) return;
  const { folder, run } = chosen;
  const { messages } = await folder.request('queue.inspect', { runId: run.id });
  if (messages > 0 && !(await confirmLoss(run, messages))) return;
  await folder.request('queue.discard', { runId: run.id, messages });
}

async function confirmLoss(run: Run, messages: number): Promise<boolean> {
  const discard = vscode.l10n.t('Discard');
  const question = vscode.l10n.t('Discard the queued run of {0}?', run.agent);
  const detail = vscode.l10n.t('Messages in it that nobody has read yet: {0}. They are not delivered.', messages);
  return (await vscode.window.showWarningMessage(question, { modal: true, detail }, discard)) === discard;
}

/** Moves a queued run before the one that stands before it. */
export function moveQueuedRunUp(context: ActionContext, given: unknown): Promise<void> {
  return move(context, given, 'up');
}

/** Moves a queued run behind the one that stands behind it. */
export function moveQueuedRunDown(context: ActionContext, given: unknown): Promise<void> {
  return move(context, given, 'down');
}

/** Moves a queued run before all others. */
export function runQueuedNext(context: ActionContext, given: unknown): Promise<void> {
  return move(context, given, 'first');
}

async function move(context: ActionContext, given: unknown, to: 'up' | 'down' | 'first'): Promise<void> {
  assertTrusted();
  const chosen = await pickQueued(context, given, vscode.l10n.t('Which queued run shall be moved?'));
  await chosen?.folder.request('queue.move', { runId: chosen.run.id, to });
}

/** Starts a queued run as soon as nothing but quiet hours or "nothing to do" would hold it; says what else does. */
export async function runQueuedNow(context: ActionContext, given: unknown): Promise<void> {
  assertTrusted();
  const chosen = await pickQueued(context, given, vscode.l10n.t('Which queued run shall start now?'));
  if (chosen !== undefined) tellWake(await chosen.folder.request('queue.runNow', { runId: chosen.run.id }));
}

function pickQueued(
  context: ActionContext,
  given: unknown,
  placeHolder: string,
): Promise<{ folder: FolderConnection; run: Run } | undefined> {
  return pickRun(context, given, {
    placeHolder,
    nothing: vscode.l10n.t('No run is queued.'),
    isOffered: (run) => run.status === 'queued',
  });
}
