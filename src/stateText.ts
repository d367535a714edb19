import { formatBytes, formatRelativeTime, type Translate } from './format.ts';
import type { BackupSummary, DeletionPreview } from './protocol.ts';
import type { Orphan } from './connection/orphans.ts';

/** A question with the exact consequences below it. */
export interface Confirmation {
  readonly question: string;
  readonly detail: string;
}

/** The name that is proposed for a file about a folder, such as `shop-reveille-2026-11-21.sqlite`. */
export function proposedFileName(folder: string, extension: string, now: Date): string {
  const day = [now.getFullYear(), now.getMonth() + 1, now.getDate()].map((part) => String(part).padStart(2, '0'));
  const name = folder.replace(/[^\p{L}\p{N}._-]+/gu, '-').replace(/^[-.]+|[-.]+$/g, '');
  return `${name === '' ? 'folder' : name}-reveille-${day.join('-')}.${extension}`;
}

/** What restoring a backup means for a folder. */
export function restoreConfirmation(
  folder: { readonly name: string; readonly path: string; readonly running: number },
  backup: BackupSummary,
  { now, t }: { readonly now: number; readonly t: Translate },
): Confirmation {
  const age =
    backup.newestAt === null
      ? t('It holds an empty state.')
      : t(
          'It holds {0}. Its newest entry is of {2} ({1}).',
          countsText(backup, t),
          formatRelativeTime(backup.newestAt, now, t),
          new Date(backup.newestAt).toLocaleString(),
        );
  const stranger = backup.folder !== null && backup.folder !== folder.path;
  return {
    question: t('Replace the state of "{0}" by this backup?', folder.name),
    detail: lines([
      age,
      stranger ? t('It was made of another folder: {0}.', backup.folder ?? '') : '',
      t(
        'Everything that happened since then disappears from the views. The present state is kept in a file, so that this can be undone.',
      ),
      runsText(folder.running, t),
      t(
        'What waited when the backup was made is cancelled, not done again. Consents stay as they are; logs of runs stay where they are.',
      ),
    ]),
  };
}

/** The same for a state that cannot be read, and a file that nobody could look into yet. */
export function blindRestoreConfirmation(folder: string, file: string, t: Translate): Confirmation {
  return {
    question: t('Replace the damaged state of "{0}" by the backup {1}?', folder, file),
    detail: t(
      'The file is checked first; if something is wrong with it, nothing is changed. The damaged files are set aside and kept.',
    ),
  };
}

/** What adopting another folder's state means. */
export function adoptConfirmation(
  folder: { readonly name: string; readonly running: number; readonly isEmpty: boolean },
  orphan: Orphan,
  t: Translate,
): Confirmation {
  return {
    question: t('Give "{0}" the state that belonged to {1}?', folder.name, orphan.path),
    detail: lines([
      folder.isEmpty
        ? t('"{0}" has no history of its own yet.', folder.name)
        : t(
            'The history that "{0}" has now leaves the views. It is kept and can be adopted again in the same way.',
            folder.name,
          ),
      runsText(folder.running, t),
      t('Its agents run once you have accepted what they would execute in this folder.'),
    ]),
  };
}

/** How an orphaned state shows in a list, below the path of its folder. */
export function orphanText(orphan: Orphan, now: number, t: Translate): string {
  const parts = [
    t('last written {0}', formatRelativeTime(orphan.lastWrittenAt, now, t)),
    formatBytes(orphan.bytes),
    orphan.isLive ? t('a runtime still works with it') : '',
  ];
  return parts.filter(Boolean).join(' · ');
}

export function deleteRunConfirmation(
  run: { readonly number: number; readonly agent: string },
  extent: DeletionPreview,
  t: Translate,
): Confirmation {
  return {
    question: t('Delete run {0} of {1}?', run.number, run.agent),
    detail: lines([
      extent.logBytes === 0
        ? t('What it was told and how it ended are deleted.')
        : t('What it was told, how it ended and its log ({0}) are deleted.', formatBytes(extent.logBytes)),
      auditText(t),
      forGood(t),
    ]),
  };
}

export function deleteIssueConfirmation(
  issue: { readonly number: number; readonly title: string },
  extent: DeletionPreview,
  t: Translate,
): Confirmation {
  return {
    question: t('Delete issue {0}?', `#${String(issue.number)} ${issue.title}`),
    detail: lines([
      t('Its title, text and comments are deleted. What waits for it goes on, and its parts stay.'),
      extent.sessions === 0 ? '' : t('Sessions that are forgotten with it: {0}.', extent.sessions),
      extent.runs === 0 ? '' : t('Runs that worked on it: {0}. They stay, with their logs.', extent.runs),
      auditText(t),
      forGood(t),
    ]),
  };
}

export function deleteAgentConfirmation(agent: string, extent: DeletionPreview, t: Translate): Confirmation {
  const { runs, queued, wakeups, sessions, issues, logBytes, isConfigured } = extent;
  return {
    question: isConfigured
      ? t('{0} is still in the configuration. Delete its whole history all the same?', agent)
      : t('Delete {0} with its whole history?', agent),
    detail: lines([
      t(
        'Deleted with it: Runs: {0}, with logs of {1}. Wakeups: {2}. Sessions: {3}.',
        runs,
        formatBytes(logBytes),
        wakeups,
        sessions,
      ),
      queued === 0 ? '' : t('Queued runs among them, which will not start: {0}.', queued),
      issues === 0 ? '' : t('Issues assigned to it, which become unassigned: {0}.', issues),
      isConfigured
        ? t('It comes back at once without a history, and not paused, because the configuration defines it.')
        : '',
      t('What its runs took stays in the usage figures.'),
      auditText(t),
      forGood(t),
    ]),
  };
}

export function deleteStateConfirmation(
  folder: { readonly name: string; readonly storePath: string },
  extent: DeletionPreview,
  t: Translate,
): Confirmation {
  const { agents, issues, runs, logBytes, running } = extent;
  return {
    question: t('Delete everything that Reveille keeps of "{0}"?', folder.name),
    detail: lines([
      t(
        'Deleted: agents: {0}, issues: {1}, runs: {2}, with logs of {3}; the audit log; states that were set aside.',
        agents,
        issues,
        runs,
        formatBytes(logBytes),
      ),
      runsText(running, t),
      t('The folder that it is in: {0}', folder.storePath),
      t('Files of the workspace are not touched, its configuration included: its agents come back without a history.'),
      forGood(t),
    ]),
  };
}

function countsText({ agents, issues, runs }: BackupSummary, t: Translate): string {
  return t('agents: {0}, issues: {1}, runs: {2}', agents, issues, runs);
}

function runsText(running: number, t: Translate): string {
  if (running === 0) return '';
  return running === 1 ? t('1 run is cancelled.') : t('{0} runs are cancelled.', running);
}

function auditText(t: Translate): string {
  return t('The audit log keeps that it happened, without the texts.');
}

function forGood(t: Translate): string {
  return t('This cannot be undone.');
}

function lines(all: readonly string[]): string {
  return all.filter(Boolean).join('\n');
}
