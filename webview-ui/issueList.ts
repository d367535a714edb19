import type { DashboardState, IssueRow } from '../src/dashboardProtocol.ts';
import { button } from './controls.ts';
import { element, icon, icons } from './element.ts';
import { longList } from './longList.ts';
import type { Page } from './page.ts';
import { emptyText, section } from './section.ts';
import { statusMark } from './statusMark.ts';

const mostIssues = 10;

/** The open issues. */
export function issueList(state: DashboardState, page: Page): HTMLElement {
  const { t } = page;
  const entries = state.issues;
  const draw = (issue: IssueRow): HTMLElement => row(issue, state.showFolders, page);
  const create = button(t('New Issue…'), {
    look: 'secondary',
    icon: icon(icons.add),
    onPress: () => {
      page.send('newIssue');
    },
  });
  const content =
    entries.length === 0
      ? emptyText(t('No open issue. Select code in an editor and assign it to an agent.'))
      : longList({ id: 'issues', className: 'rows', entries, most: mostIssues, draw }, page);
  return section({ id: 'issues', title: t('Open issues'), count: entries.length, actions: [create] }, content);
}

function row(issue: IssueRow, showFolder: boolean, page: Page): HTMLElement {
  const { t } = page;
  const subject = { folder: issue.folder, issueId: issue.id };
  const title = element('button', {
    className: 'link row-title-text',
    text: issue.title,
    title: issue.title,
    attributes: { type: 'button' },
  });
  title.addEventListener('click', () => {
    page.send('openIssue', subject);
  });
  const facts = [
    issue.assignee === '' ? t('not assigned') : issue.assignee,
    issue.priority,
    showFolder ? issue.folderName : '',
  ];
  const words = element(
    'div',
    { className: 'row-words' },
    element('div', { className: 'row-title' }, title),
    element('div', { className: 'row-reason', text: facts.filter((fact) => fact !== '').join(' · ') }),
  );
  const assign = button(t('Assign…'), {
    look: 'secondary',
    spoken: t('Assign issue {0}', issue.title),
    onPress: () => {
      page.send('assignIssue', subject);
    },
  });
  return element(
    'li',
    { className: 'row row-issue' },
    words,
    statusMark(issue.status, issue.tone),
    element('div', { className: 'row-action' }, assign),
  );
}
