import * as vscode from 'vscode';
import type { FolderConnection } from '../connection/connection.ts';
import { toError } from '../runtime/errors.ts';
import type { Event } from '../runtime/events.ts';
import type { Logger } from '../runtime/log.ts';
import { plainMessage } from './plainText.ts';
import { newQuestions, rememberQuestions, type NewQuestion } from './questionNews.ts';
import { shorten } from './treeNode.ts';

/** Questions that come together are told together. */
const gatherMs = 500;
const toldKey = 'reveille.toldQuestions';
const buttonLength = 30;

/** A message for each question of a run, once, while the window has the focus; what was told is kept beyond a reload. */
export function createQuestionNotifications({
  connections,
  memory,
  log,
}: {
  readonly connections: { readonly folders: readonly FolderConnection[]; readonly onDidChange: Event<void> };
  readonly memory: vscode.Memento;
  readonly log: Logger;
}): vscode.Disposable {
  let timer: NodeJS.Timeout | undefined;
  const tell = async (): Promise<void> => {
    timer = undefined;
    if (!vscode.window.state.focused || !vscode.workspace.isTrusted) return;
    const told = memory.get<string[]>(toldKey, []);
    const news = newQuestions(connections.folders, told);
    if (news.length === 0) return;
    await memory.update(toldKey, rememberQuestions(told, news));
    await show(news);
  };
  const gather = (): void => {
    timer ??= setTimeout(() => {
      tell().catch((error: unknown) => {
        log.error('A question could not be shown', toError(error));
      });
    }, gatherMs);
  };
  gather();
  return vscode.Disposable.from(
    connections.onDidChange(gather),
    vscode.window.onDidChangeWindowState(gather),
    vscode.workspace.onDidGrantWorkspaceTrust(gather),
    new vscode.Disposable(() => clearTimeout(timer)),
  );
}

async function show(news: readonly NewQuestion[]): Promise<void> {
  const [first, ...others] = news;
  if (first === undefined) return;
  if (others.length > 0) {
    const inbox = vscode.l10n.t('Show Inbox');
    const message = vscode.l10n.t('{0} questions of agents wait for you.', news.length);
    const answer = await vscode.window.showInformationMessage(message, inbox);
    if (answer === inbox) await vscode.commands.executeCommand('reveille.inbox.focus');
    return;
  }
  const { folder, question } = first;
  const isShort = question.choices.length <= 3 && question.choices.every(({ length }) => length <= buttonLength);
  const choices = (isShort ? question.choices : []).map((title) => ({ title, choice: title }));
  const items: { title: string; choice?: string }[] = [...choices, { title: vscode.l10n.t('Answer…') }];
  const message = vscode.l10n.t('{0} asks: {1}', question.agent, shorten(question.text, 200));
  const chosen = await vscode.window.showInformationMessage(plainMessage(message), ...items);
  if (chosen === undefined) return;
  const subject = { kind: 'question', folder, questionId: question.id };
  await (chosen.choice === undefined
    ? vscode.commands.executeCommand('reveille.question.answer', subject)
    : vscode.commands.executeCommand('reveille.question.choose', { ...subject, choice: chosen.choice }));
}
