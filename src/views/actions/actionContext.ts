import type * as vscode from 'vscode';
import type { FolderConnection } from '../../connection/connection.ts';
import type { SecretKeeper } from '../../connection/secretKeeper.ts';
import { UserError } from '../../runtime/errors.ts';
import type { Event } from '../../runtime/events.ts';
import type { Agent } from '../../runtime/model.ts';
import type { DashboardPanels } from '../dashboard/panel.ts';
import type { CheckReports } from '../documents/checkReports.ts';
import type { OlderRunPages } from '../olderRunPages.ts';
import { translate } from '../translate.ts';
import type { SessionPages } from '../sessionPages.ts';
import type { TranscriptChannels } from '../transcripts/transcriptChannels.ts';
import type { Subject } from '../treeNode.ts';

/** What the actions work with. */
export interface ActionContext {
  readonly connections: { readonly folders: readonly FolderConnection[]; readonly onDidChange: Event<void> };
  readonly log: vscode.LogOutputChannel;
  readonly transcripts: TranscriptChannels;
  readonly olderRuns: OlderRunPages;
  readonly sessions: Pick<SessionPages, 'refresh'>;
  readonly checks: Pick<CheckReports, 'show'>;
  readonly dashboard: DashboardPanels;
  readonly secrets: Pick<SecretKeeper, 'set' | 'delete' | 'listNames'>;
}

/** An agent in its folder. */
export interface AgentChoice {
  readonly folder: FolderConnection;
  readonly agent: Agent;
}

/** What names a subject of each kind, beside its folder. */
const subjectFields: Readonly<Record<Subject['kind'], readonly string[]>> = {
  folder: [],
  agent: ['agent'],
  run: ['runId'],
  issue: ['issueId'],
  heartbeat: ['heartbeatId'],
  secret: ['secret'],
  session: ['agent', 'taskKey', 'adapter'],
  question: ['questionId'],
};

/** Reads what a command was given: a subject, or the row of a tree that carries one. */
export function toSubject(given: unknown): Subject | null {
  if (isRecord(given) && isRecord(given['node'])) return toSubject(given['node']['subject']);
  if (!isRecord(given)) return null;
  const { kind, folder, choice } = given;
  const names = Object.entries(subjectFields).find(([known]) => known === kind)?.[1];
  if (names === undefined || typeof folder !== 'string') return null;
  if (!names.every((name) => typeof given[name] === 'string')) return null;
  const named = Object.fromEntries(names.map((name) => [name, given[name]]));
  return { kind, folder, ...named, ...(kind === 'question' && typeof choice === 'string' && { choice }) } as Subject;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

/** @throws UserError when the folder was closed meanwhile. */
export function folderOf(context: ActionContext, path: string): FolderConnection {
  const folder = context.connections.folders.find((candidate) => candidate.path === path);
  if (folder === undefined) throw new UserError('not_found', translate('This folder is not open any more.'));
  return folder;
}

/** Folders whose state is known. */
export function connectedFolders(context: ActionContext): FolderConnection[] {
  return context.connections.folders.filter((folder) => folder.state !== null);
}

/** The agents of all connected folders. */
export function allAgents(context: ActionContext): AgentChoice[] {
  return connectedFolders(context).flatMap((folder) =>
    [...(folder.state?.agents.values() ?? [])].map((agent) => ({ folder, agent })),
  );
}
