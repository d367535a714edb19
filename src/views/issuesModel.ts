import { formatRelativeTime } from '../format.ts';
import { openIssueStatuses, type Issue, type IssuePriority, type IssueStatus } from '../runtime/model.ts';
import { withFolderLevel, type ViewedFolder, type ViewSetting } from './folderLevel.ts';
import { placeText } from './selectionText.ts';
import { factList, treeNode, type TreeIcon, type TreeNode } from './treeNode.ts';
import { issueStatusText, priorityText } from './words.ts';

const icons: Record<IssueStatus, TreeIcon> = {
  todo: { id: 'issues' },
  in_progress: { id: 'issue-draft', color: 'charts.blue' },
  in_review: { id: 'eye', color: 'charts.purple' },
  blocked: { id: 'circle-slash', color: 'charts.orange' },
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
    openIssues(state.issues.values()).map((issue) => issueRow(issue, folder.path, view)),
  );
}

function issueRow(issue: Issue, folder: string, { now, t }: ViewSetting): TreeNode {
  const urgent = issue.priority === 'urgent' || issue.priority === 'high' ? priorityText(issue.priority, t) : '';
  const assignee = issue.assignee ?? t('not assigned');
  return treeNode({
    id: `issue:${folder}:${issue.id}`,
    label: `#${String(issue.number)} ${issue.title}`,
    description: [assignee, issueStatusText(issue.status, t), urgent].filter(Boolean).join(' · '),
    tooltip: factList(`#${String(issue.number)} ${issue.title}`, [
      [t('Status'), issueStatusText(issue.status, t)],
      [t('Priority'), priorityText(issue.priority, t)],
      [t('Assignee'), assignee],
      [t('Place'), issue.location === null ? null : placeText(issue.location)],
      [t('Changed'), formatRelativeTime(issue.updatedAt, now, t)],
      [t('Text'), issue.body],
    ]),
    icon: icons[issue.status],
    flags: `issue ${issue.status} ${issue.assignee === null ? 'unassigned' : 'assigned'}`,
    subject: { kind: 'issue', folder, issueId: issue.id },
    command: 'reveille.issue.open',
  });
}
