import * as vscode from 'vscode';
import type { FolderConnection } from '../../connection/connection.ts';
import type { ListedSession } from '../../protocolSessions.ts';
import { UserError } from '../../runtime/errors.ts';
import { plainLabel } from '../plainText.ts';
import { resumeCommand, runOfSession, sessionName, sessionText } from '../sessionsModel.ts';
import { translate } from '../translate.ts';
import { shorten } from '../treeNode.ts';
import { connectedFolders, folderOf, toSubject, type ActionContext, type AgentChoice } from './actionContext.ts';
import { pick, pickAgent, type Item } from './pickers.ts';
import { assertTrusted } from './trust.ts';

const messageMs = 6000;
/** How long a shell is waited for that may not be able to tell that it is ready. */
const shellMs = 2500;

interface SessionChoice {
  readonly folder: FolderConnection;
  readonly session: ListedSession;
}

/** Forgets what an agent remembers of one task, or of all, after a confirmation. */
export async function resetSession(context: ActionContext, given: unknown): Promise<void> {
  const subject = toSubject(given);
  if (subject?.kind === 'session') {
    const { session, folder } = await sessionOf(context, subject);
    await reset(context, folder, { agent: session.agent, session, count: 1 });
    return;
  }
  const choice = await pickAgent(context, given, { placeHolder: vscode.l10n.t('Whose session shall be reset?') });
  if (choice === undefined) return;
  const { sessions, total } = await listOf(choice);
  if (total === 0) return;
  const session = await pickTask(choice, sessions, total);
  if (session !== undefined) await reset(context, choice.folder, { agent: choice.agent.key, session, count: total });
}

/** Forgets all that an agent remembers, after a confirmation. */
export async function resetAllSessions(context: ActionContext, given: unknown): Promise<void> {
  const choice = await pickAgent(context, given, { placeHolder: vscode.l10n.t('Whose sessions shall be reset?') });
  if (choice === undefined) return;
  const { total } = await listOf(choice);
  if (total > 0) await reset(context, choice.folder, { agent: choice.agent.key, session: null, count: total });
}

/**
 * Opens a terminal where a conversation was had, with the command typed by which a person goes on with it: the agent's own program, which
 * looks where it did in the agent's runs. Whether it is executed is up to them.
 */
export async function continueInTerminal(context: ActionContext, given: unknown): Promise<void> {
  const chosen = await chooseSession(context, given);
  if (chosen === undefined) return;
  assertTrusted();
  const { folder, session } = chosen;
  const command = resumeCommand(session);
  if (command === null)
    throw new UserError('refused', translate('This session has no conversation that can be continued in a terminal.'));
  const cwd = await directoryOf(session, folder);
  if (!(await mayShare(chosen))) return;
  const name = shorten(`${session.agent}: ${nameOf(folder, session)}`, 40);
  const terminal = vscode.window.createTerminal({ name: plainLabel(name), cwd, env: session.continuation?.env ?? {} });
  terminal.show();
  await whenReady(terminal);
  terminal.sendText(command, false);
}

/** Resolves when a terminal's shell takes input, or does not tell within a moment: what is typed earlier is shown twice. */
function whenReady(terminal: vscode.Terminal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(limit);
      subscription.dispose();
      resolve();
    };
    const limit = setTimeout(done, shellMs);
    const subscription = vscode.window.onDidChangeTerminalShellIntegration((event) => {
      if (event.terminal === terminal) done();
    });
  });
}

export async function copySessionId(context: ActionContext, given: unknown): Promise<void> {
  const subject = toSubject(given);
  if (subject?.kind !== 'session') return;
  const { session } = await sessionOf(context, subject);
  if (session.sessionId !== null) await vscode.env.clipboard.writeText(session.sessionId);
}

/** Two writers on one conversation lose what one of them adds. */
async function mayShare({ folder, session }: SessionChoice): Promise<boolean> {
  const run = folder.state === null ? null : runOfSession(session, folder.state);
  if (run === null) return true;
  const proceed = vscode.l10n.t('Open Terminal Anyway');
  const question = vscode.l10n.t('Run {0} of {1} is in this conversation now.', run.number, session.agent);
  const detail = vscode.l10n.t(
    'Two programs that go on with one conversation at the same time lose what one of them adds. Wait until the run has ended, or cancel it, before you start the command.',
  );
  return (await vscode.window.showWarningMessage(question, { modal: true, detail }, proceed)) === proceed;
}

/** @throws UserError when the directory is not there any more. */
async function directoryOf(session: ListedSession, folder: FolderConnection): Promise<vscode.Uri> {
  const place = vscode.Uri.file(session.cwd ?? folder.state?.agents.get(session.agent)?.cwd ?? folder.path);
  try {
    await vscode.workspace.fs.stat(place);
    return place;
  } catch (cause) {
    const message = translate(
      'The directory of this conversation is not there any more: {0}. Make it again, or copy the id of the session and continue elsewhere.',
      place.fsPath,
    );
    throw new UserError('not_found', message, { cause });
  }
}

/** The session of a row, or the one that the user picks among those that can be continued. */
async function chooseSession(context: ActionContext, given: unknown): Promise<SessionChoice | undefined> {
  const subject = toSubject(given);
  if (subject?.kind === 'session') return sessionOf(context, subject);
  const lists = await Promise.all(connectedFolders(context).map(async (folder) => resumableOf(folder)));
  const items = lists.flat();
  if (items.length === 0)
    throw new UserError('not_found', translate('No agent has a conversation that can be continued in a terminal.'));
  return pick(items, vscode.l10n.t('Which conversation shall be continued in a terminal?'));
}

async function resumableOf(folder: FolderConnection): Promise<Item<SessionChoice>[]> {
  const { sessions } = await folder.request('session.list', {});
  return sessions
    .filter((session) => resumeCommand(session) !== null)
    .map((session) => ({
      label: `$(comment) ${plainLabel(`${session.agent}: ${nameOf(folder, session)}`)}`,
      description: plainLabel(sessionText(session, { now: Date.now(), t: translate })),
      value: { folder, session },
    }));
}

/** @throws UserError when it was reset meanwhile. */
async function sessionOf(
  context: ActionContext,
  subject: { readonly folder: string; readonly agent: string; readonly taskKey: string; readonly adapter: string },
): Promise<SessionChoice> {
  const folder = folderOf(context, subject.folder);
  const { sessions } = await folder.request('session.list', { agent: subject.agent });
  const session = sessions.find(({ taskKey, adapter }) => taskKey === subject.taskKey && adapter === subject.adapter);
  if (session !== undefined) return { folder, session };
  context.sessions.refresh();
  throw new UserError('not_found', translate('There is no such session any more.'));
}

/** The sessions of an agent; says so if there are none. */
async function listOf({ folder, agent }: AgentChoice): Promise<{ sessions: readonly ListedSession[]; total: number }> {
  const found = await folder.request('session.list', { agent: agent.key });
  if (found.total === 0)
    void vscode.window.showInformationMessage(
      vscode.l10n.t('{0} has no session: its next run starts fresh anyway.', agent.key),
    );
  return found;
}

/** The chosen session; null for all of them. */
function pickTask(
  { folder, agent }: AgentChoice,
  sessions: readonly ListedSession[],
  total: number,
): Promise<ListedSession | null | undefined> {
  const setting = { now: Date.now(), t: translate };
  const items = sessions.map((session) => ({
    label: `$(history) ${plainLabel(nameOf(folder, session))}`,
    description: sessionText(session, setting),
    value: session,
  }));
  const all = { label: `$(clear-all) ${vscode.l10n.t('All {0} sessions', total)}`, description: '', value: null };
  return pick<ListedSession | null>(
    sessions.length > 1 ? [all, ...items] : items,
    vscode.l10n.t('Which session of {0}?', agent.key),
  );
}

function nameOf({ state }: FolderConnection, session: ListedSession): string {
  return sessionName(session, { issues: state?.issues ?? new Map() }, translate);
}

/** @param what `session` null: all `count` sessions of the agent */
async function reset(
  context: ActionContext,
  folder: FolderConnection,
  what: { readonly agent: string; readonly session: ListedSession | null; readonly count: number },
): Promise<void> {
  const { agent, session } = what;
  const question =
    session === null
      ? vscode.l10n.t('Reset all {0} sessions of {1}?', what.count, agent)
      : vscode.l10n.t('Reset the session "{0}" of {1}?', nameOf(folder, session), agent);
  const confirm = vscode.l10n.t('Reset');
  const detail = vscode.l10n.t('Its next run starts without the conversation so far. Runs and logs are kept.');
  if ((await vscode.window.showWarningMessage(question, { modal: true, detail }, confirm)) !== confirm) return;
  const { count } = await folder.request('session.reset', {
    agent,
    ...(session !== null && { taskKey: session.taskKey }),
  });
  context.sessions.refresh();
  vscode.window.setStatusBarMessage(
    count === 1
      ? vscode.l10n.t('1 session of {0} was reset', agent)
      : vscode.l10n.t('{0} sessions of {1} were reset', count, agent),
    messageMs,
  );
}
