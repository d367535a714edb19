import { formatRelativeTime, type Translate } from '../format.ts';
import type { FolderState } from '../connection/folderState.ts';
import type { Question } from '../runtime/model.ts';
import { faultRows, setUpFaults } from './faultsModel.ts';
import { withFolderLevel, type ViewedFolder, type ViewSetting } from './folderLevel.ts';
import { countMissingSecrets, secretRows } from './secretsModel.ts';
import { factList, shorten, treeNode, type TreeNode } from './treeNode.ts';

/** Questions with more choices show none of them: they are offered when it is answered. */
const shownChoices = 3;

/** The Inbox view: what runs ask, newest first, with the answers that they offer below; then the secrets that are missing and the agents that cannot work. */
export function inboxRows(folders: readonly ViewedFolder[], view: ViewSetting): TreeNode[] {
  return withFolderLevel(folders, view, (folder, state) => [
    ...pendingQuestions(state).map((question) => questionRow(question, { folder: folder.path, state }, view)),
    ...secretRows(folder.path, state, view.t),
    ...faultRows(folder.path, state, view),
  ]);
}

/** The questions of a folder that wait for an answer, newest first. */
export function pendingQuestions({ questions }: Pick<FolderState, 'questions'>): Question[] {
  return [...questions.values()].sort((a, b) => b.number - a.number);
}

/** True while the run of a question goes on and waits for its answer. */
function isWaitedFor({ runId }: Question, { runs }: Pick<FolderState, 'runs'>): boolean {
  return (runs.get(runId)?.waitingSince ?? null) !== null;
}

/** What waits in the inbox, for the icon of the view container; undefined when nothing does. */
export function inboxBadge(
  folders: readonly ViewedFolder[],
  t: Translate,
): { readonly value: number; readonly tooltip: string } | undefined {
  const questions = folders.reduce((sum, { state }) => sum + (state?.questions.size ?? 0), 0);
  const secrets = folders.reduce((sum, { state }) => sum + (state === null ? 0 : countMissingSecrets(state)), 0);
  const faults = folders.reduce((sum, { state }) => sum + (state === null ? 0 : setUpFaults(state).length), 0);
  const value = questions + secrets + faults;
  if (value === 0) return undefined;
  const parts = [
    questions === 1 ? t('1 question waits for you') : '',
    questions > 1 ? t('{0} questions wait for you', questions) : '',
    secrets === 1 ? t('1 secret is missing') : '',
    secrets > 1 ? t('{0} secrets are missing', secrets) : '',
    faults === 1 ? t('1 agent cannot work') : '',
    faults > 1 ? t('{0} agents cannot work', faults) : '',
  ];
  return { value, tooltip: parts.filter(Boolean).join(', ') };
}

function questionRow(
  question: Question,
  place: { readonly folder: string; readonly state: FolderState },
  { now, t }: ViewSetting,
): TreeNode {
  const { folder, state } = place;
  const { id, agent, text, choices, issueId } = question;
  const asked = formatRelativeTime(question.askedAt, now, t);
  const isLive = isWaitedFor(question, state);
  const issue = issueId === null ? undefined : state.issues.get(issueId);
  const subject = { kind: 'question', folder, questionId: id } as const;
  const offered = choices.length <= shownChoices ? choices : [];
  return treeNode({
    id: `question:${folder}:${id}`,
    label: shorten(text, 120),
    description: [agent, isLive ? t('the run waits') : t('the run has ended'), asked].join(' · '),
    tooltip: factList(t('{0} asks', agent), [
      [t('Question'), text],
      [t('Choices'), choices.join(' | ')],
      [t('Issue'), issue === undefined ? null : `#${String(issue.number)} ${issue.title}`],
      [t('Asked'), asked],
      [
        t('Answer'),
        isLive ? t('goes to the run that waits for it') : t('wakes the agent, which goes on in the same session'),
      ],
    ]),
    icon: { id: 'comment-discussion', ...(isLive && { color: 'charts.yellow' }) },
    flags: 'question',
    subject,
    command: 'reveille.question.answer',
    children: offered.map((choice, index) =>
      treeNode({
        id: `choice:${folder}:${id}:${String(index)}`,
        label: shorten(choice, 120),
        icon: { id: 'circle-outline' },
        flags: 'choice',
        subject: { ...subject, choice },
      }),
    ),
  });
}
