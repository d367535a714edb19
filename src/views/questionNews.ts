import type { Question } from '../runtime/model.ts';
import type { ViewedFolder } from './folderLevel.ts';
import { pendingQuestions } from './inboxModel.ts';

/** Questions that nobody here has been told of. */
export interface NewQuestion {
  readonly folder: string;
  readonly question: Question;
}

/** Ids that are remembered; older ones are of questions that have long been answered. */
const rememberedIds = 500;

/** The pending questions that are not among those told, newest first. */
export function newQuestions(folders: readonly ViewedFolder[], told: readonly string[]): NewQuestion[] {
  const known = new Set(told);
  return folders.flatMap(({ path, state }) =>
    (state === null ? [] : pendingQuestions(state))
      .filter(({ id }) => !known.has(id))
      .map((question) => ({ folder: path, question })),
  );
}

/** What to remember as told once these are. */
export function rememberQuestions(told: readonly string[], news: readonly NewQuestion[]): string[] {
  return [...told, ...news.map(({ question }) => question.id)].slice(-rememberedIds);
}
