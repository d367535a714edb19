import { formatRelativeTime, type Translate } from '../format.ts';
import { openIssueStatuses, type Issue, type IssuePriority, type IssueStatus } from '../runtime/model.ts';
import { withFolderLevel, type ViewedFolder, type ViewSetting } from './folderLevel.ts';
import { placeText } from './selectionText.ts';
import { factList, treeNode, type TreeIcon, type TreeNode } from './treeNode.ts';
import { issueStatusText, priorityText } from './words.ts';

const icons: Record<IssueStatus, TreeIcon> = {
  todo: { id: 'issues' },
  in_progress: { id: 'issue-draft', color: 'charts.blue' },
  in_review: { id: 'eye', color: 'charts.purple' },
  blocked: { id: 'circle-slash', color: 'charts.yellow' },
  done: { id: 'pass', color: 'testing.iconPassed' },
  cancelled: { id: 'issue-closed' },
};

const rank: Record<IssuePriority, number> = { urgent: 0, high: 1, medium: 2, low: 3 };

/** The open issues of a folder: the most urgent first, the newest first among equals. */
export function openIssues(issues: Iterable<Issue>): Issue[] {
  return [...issues]
    .filter((issue) => openIssueStatuses.includes(issue.status))
    .sort((a, b) => rank[a.priority] - rank[b.priority] || b.number - a.number);
}

/** The Issues view. */
export function issueRows(folders: readonly ViewedFolder[], view: ViewSetting): TreeNode[] {
  return withFolderLevel(folders, view, (folder, state) =>
    issueTree(openIssues(state.issues.values()), state.issues, folder.path, view),
  );
}

/** Open issues with their parts below them; a part of a closed issue stands by itself. */
function issueTree(
  open: readonly Issue[],
  known: ReadonlyMap<string, Issue>,
  folder: string,
  view: ViewSetting,
): TreeNode[] {
  const shown = new Set(open.map(({ id }) => id));
  const partsOf = Map.groupBy(open, ({ parentId }) => (parentId !== null && shown.has(parentId) ? parentId : null));
  const rowsBelow = (id: string | null): TreeNode[] =>
    (partsOf.get(id) ?? []).map((issue) => issueRow(issue, { known, folder, children: rowsBelow(issue.id) }, view));
  return rowsBelow(null);
}

/** What an issue waits for, as `waits for #3, #4`; empty if for nothing. */
function waitText({ blockedBy }: Issue, known: ReadonlyMap<string, Issue>, t: Translate): string {
  if (blockedBy.length === 0) return '';
  const names = blockedBy
    .map((id) => known.get(id)?.number)
    .map((number) => (number === undefined ? '#?' : `#${String(number)}`));
  return t('waits for {0}', names.join(', '));
}

function issueRow(
  issue: Issue,
  place: { readonly known: ReadonlyMap<string, Issue>; readonly folder: string; readonly children: TreeNode[] },
  { now, t }: ViewSetting,
): TreeNode {
  const { folder, children } = place;
  const waits = waitText(issue, place.known, t);
  const comments = issue.comments === 0 ? '' : t('comments: {0}', issue.comments);
  const urgent = issue.priority === 'urgent' || issue.priority === 'high' ? priorityText(issue.priority, t) : '';
  const assignee = issue.assignee ?? t('not assigned');
  return treeNode({
    id: `issue:${folder}:${issue.id}`,
    label: `#${String(issue.number)} ${issue.title}`,
    description: [assignee, issueStatusText(issue.status, t), urgent, waits, comments].filter(Boolean).join(' · '),
    tooltip: factList(`#${String(issue.number)} ${issue.title}`, [
      [t('Status'), issueStatusText(issue.status, t)],
      [t('Priority'), priorityText(issue.priority, t)],
      [t('Assignee'), assignee],
      [t('Place'), issue.location === null ? null : placeText(issue.location)],
      [t('Waits for'), waits === '' ? null : waits],
      [t('Comments'), comments === '' ? null : String(issue.comments)],
      [t('Changed'), formatRelativeTime(issue.updatedAt, now, t)],
      [t('Text'), issue.body],
    ]),
    icon: icons[issue.status],
    children,
    flags: `issue ${issue.status} ${issue.assignee === null ? 'unassigned' : 'assigned'}${issue.status === 'blocked' || waits !== '' ? ' waiting' : ''}`,
    subject: { kind: 'issue', folder, issueId: issue.id },
    command: 'reveille.issue.open',
  });
}
