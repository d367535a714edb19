import * as vscode from 'vscode';
import type { FolderConnection } from '../../connection/connection.ts';
import { UserError } from '../../runtime/errors.ts';
import type { Question } from '../../runtime/model.ts';
import { pendingQuestions } from '../inboxModel.ts';
import { plainLabel } from '../plainText.ts';
import { translate } from '../translate.ts';
import { shorten } from '../treeNode.ts';
import { connectedFolders, folderOf, toSubject, type ActionContext } from './actionContext.ts';
import { pick, type Item } from './pickers.ts';
import { assertTrusted } from './trust.ts';

interface ChosenQuestion {
  readonly folder: FolderConnection;
  readonly question: Question;
}

const messageMs = 6000;
const longestAnswer = 10_000;

/** Answers a question: one of the answers that it offers, or what the user writes. */
export async function answerQuestion(context: ActionContext, given: unknown): Promise<void> {
  assertTrusted();
  const chosen = await pickQuestion(context, given, vscode.l10n.t('Which question do you answer?'));
  if (chosen === undefined) return;
  const answer = await askAnswer(chosen.question);
  if (answer !== undefined) await sendAnswer(chosen, answer);
}

/** Answers a question with the choice of a row or a button. */
export async function chooseAnswer(context: ActionContext, given: unknown): Promise<void> {
  assertTrusted();
  const subject = toSubject(given);
  if (subject?.kind !== 'question' || subject.choice === undefined) return;
  await sendAnswer(requireQuestion(context, subject), subject.choice);
}

/** Ends a question without an answer. */
export async function dismissQuestion(context: ActionContext, given: unknown): Promise<void> {
  assertTrusted();
  const chosen = await pickQuestion(context, given, vscode.l10n.t('Which question is dismissed?'));
  await chosen?.folder.request('question.dismiss', { questionId: chosen.question.id });
}

async function sendAnswer({ folder, question }: ChosenQuestion, answer: string): Promise<void> {
  const { message } = await folder.request('question.answer', { questionId: question.id, answer });
  vscode.window.setStatusBarMessage(`$(comment-discussion) ${plainLabel(message)}`, messageMs);
}

/** Undefined when the user leaves. */
async function askAnswer(question: Question): Promise<string | undefined> {
  const { text, choices, agent } = question;
  if (choices.length > 0) {
    const items: Item<string | null>[] = choices.map((choice) => ({ label: plainLabel(choice), value: choice }));
    items.push({ label: `$(edit) ${vscode.l10n.t('Another answer…')}`, value: null });
    const chosen = await pick(items, plainLabel(shorten(text, 200)));
    if (chosen !== null) return chosen;
  }
  return vscode.window.showInputBox({
    title: vscode.l10n.t('{0} asks', agent),
    prompt: shorten(text, 300),
    ignoreFocusOut: true,
    validateInput: (value) => {
      if (value.trim() === '') return vscode.l10n.t('Write an answer, or press Escape.');
      return value.trim().length > longestAnswer
        ? vscode.l10n.t('An answer has at most {0} characters.', longestAnswer)
        : undefined;
    },
  });
}

/** The question that a command was given, or the one that the user picks: also of a single one it is shown which. */
async function pickQuestion(
  context: ActionContext,
  given: unknown,
  placeHolder: string,
): Promise<ChosenQuestion | undefined> {
  const subject = toSubject(given);
  if (subject?.kind === 'question') return requireQuestion(context, subject);
  const items: Item<ChosenQuestion>[] = connectedFolders(context).flatMap((folder) =>
    (folder.state === null ? [] : pendingQuestions(folder.state)).map((question) => ({
      label: `$(comment-discussion) ${plainLabel(shorten(question.text, 120))}`,
      description: question.agent,
      value: { folder, question },
    })),
  );
  if (items.length === 0) throw new UserError('not_found', translate('No question waits for you.'));
  return pick(items, placeHolder);
}

function requireQuestion(
  context: ActionContext,
  { folder: path, questionId }: { readonly folder: string; readonly questionId: string },
): ChosenQuestion {
  const folder = folderOf(context, path);
  const question = folder.state?.questions.get(questionId);
  if (question === undefined) throw new UserError('not_found', translate('That question does not wait any more.'));
  return { folder, question };
}
