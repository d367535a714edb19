import { formatTokens } from '../costText.ts';
import { formatRelativeTime, type Translate } from '../format.ts';
import type { FolderState } from '../connection/folderState.ts';
import type { ListedSession } from '../protocolSessions.ts';
import { unscopedSession, wakeSources, type Agent, type Run, type Session } from '../runtime/model.ts';
import type { ViewSetting } from './folderLevel.ts';
import { factList, shorten, treeNode, type TreeNode } from './treeNode.ts';
import { taskText } from './words.ts';

/** Sessions by the path of their folder, newest first. */
export type SessionsByFolder = ReadonlyMap<string, readonly ListedSession[]>;

const uuid = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
const words = new Set<string>(wakeSources);

/** The row below an agent that has its sessions; none if it has no session. */
export function sessionRows(
  agent: Agent,
  place: { readonly folder: string; readonly state: FolderState; readonly sessions: SessionsByFolder },
  view: ViewSetting,
): TreeNode[] {
  const { folder, state } = place;
  const sessions = (place.sessions.get(folder) ?? []).filter(
    (session) => session.agent === agent.key && hasContent(session),
  );
  if (sessions.length === 0) return [];
  return [
    treeNode({
      id: `sessions:${folder}:${agent.key}`,
      label: view.t('Sessions'),
      description: String(sessions.length),
      icon: { id: 'history' },
      flags: 'sessionGroup',
      expanded: 'collapsed',
      children: sessions.map((session) => sessionRow(session, { agent, folder, state }, view)),
      subject: { kind: 'agent', folder, agent: agent.key },
    }),
  ];
}

/** Whether the next run would find anything in it. */
function hasContent({ runs, sessionId }: Session): boolean {
  return runs > 0 || sessionId !== null;
}

function sessionRow(
  session: ListedSession,
  { agent, folder, state }: { readonly agent: Agent; readonly folder: string; readonly state: FolderState },
  view: ViewSetting,
): TreeNode {
  const { t, now } = view;
  const { taskKey, adapter, sessionId } = session;
  const name = sessionName(session, state, t);
  const run = runOfSession(session, state);
  return treeNode({
    id: `session:${folder}:${agent.key}:${adapter}:${taskKey}`,
    label: shorten(name, 60),
    description: [run === null ? '' : t('in use'), adapter === agent.adapter ? '' : adapter, sessionText(session, view)]
      .filter(Boolean)
      .join(' · '),
    tooltip: factList(name, [
      [t('Adapter'), adapter],
      [t('Session'), sessionId ?? t('nothing to go on with; only its runs are counted')],
      [t('Runs'), String(session.runs)],
      [t('Holds'), session.contextTokens === null ? null : t('{0} tokens', formatTokens(session.contextTokens))],
      [t('Directory'), session.cwd],
      [t('Begun'), formatRelativeTime(session.createdAt, now, t)],
      [t('Last used'), formatRelativeTime(session.updatedAt, now, t)],
      [t('In use by'), run === null ? null : t('run {0}', run.number)],
    ]),
    icon: run === null ? { id: 'comment' } : { id: 'sync~spin', color: 'charts.blue' },
    flags: [
      'session',
      ...(sessionId === null ? [] : ['named']),
      ...(resumeCommand(session) === null ? [] : ['resumable']),
    ].join(' '),
    subject: { kind: 'session', folder, agent: agent.key, taskKey, adapter },
  });
}

/** What a session is kept for. A closed issue is not among those that a window knows: the session brings its title. */
export function sessionName(
  { taskKey, issue }: Pick<ListedSession, 'taskKey' | 'issue'>,
  { issues }: Pick<FolderState, 'issues'>,
  t: Translate,
): string {
  if (issue === null || issues.has(taskKey)) return taskText(taskKey, issues, t);
  return `#${String(issue.number)} ${issue.title}`;
}

/** How much a session has seen: `3 runs · 12 k tokens · 2 h ago`. */
export function sessionText({ runs, contextTokens, updatedAt }: Session, { now, t }: ViewSetting): string {
  return [
    runsText(runs, t),
    contextTokens === null ? '' : t('{0} tokens', formatTokens(contextTokens)),
    formatRelativeTime(updatedAt, now, t),
  ]
    .filter(Boolean)
    .join(' · ');
}

function runsText(runs: number, t: Translate): string {
  return runs === 1 ? t('1 run') : t('{0} runs', runs);
}

/** The run that has a session at the moment; null if none does. */
export function runOfSession({ agent, taskKey }: Session, { runs }: Pick<FolderState, 'runs'>): Run | null {
  const isOfTask = (run: Run): boolean =>
    run.taskKey === taskKey ||
    (taskKey === unscopedSession && (words.has(run.taskKey) || run.taskKey.startsWith('schedule:')));
  return [...runs.values()].find((run) => run.agent === agent && run.status === 'running' && isOfTask(run)) ?? null;
}

/** What no shell takes for anything but a part of a path; on Windows, drives and backslashes too. */
const plainPath = /^(?!-)[\p{L}\p{N}_.+/-]+$/u;
const plainWindowsPath = /^(?!-)[\p{L}\p{N}_.+/\\:-]+$/u;

/**
 * The command line by which a person goes on with a conversation in a terminal; null if there is none. The id was written by an
 * agent's program: nothing but a UUID gets near a terminal, which needs no quoting in any shell. Neither does the agent's own program,
 * if it is used; one that would need it is left to be found by its usual name.
 */
export function resumeCommand(
  { adapter, sessionId, continuation }: Pick<ListedSession, 'adapter' | 'sessionId' | 'continuation'>,
  platform: NodeJS.Platform = process.platform,
): string | null {
  if (sessionId === null || !uuid.test(sessionId)) return null;
  const own = continuation?.program ?? '';
  const isPlain = (platform === 'win32' ? plainWindowsPath : plainPath).test(own);
  if (adapter === 'claude_local') return `${isPlain ? own : 'claude'} --resume ${sessionId}`;
  return adapter === 'codex_local' ? `${isPlain ? own : 'codex'} resume ${sessionId}` : null;
}
