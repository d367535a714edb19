import { existsSync } from 'node:fs';
import * as path from 'node:path';
import { issueOfNumber } from './cliIssues.ts';
import type { RuntimeFolderConnection } from './connection/folderConnection.ts';
import { formatBytes, untranslated as t } from './format.ts';
import { UserError } from './runtime/errors.ts';
import {
  adoptConfirmation,
  deleteAgentConfirmation,
  deleteIssueConfirmation,
  deleteRunConfirmation,
  deleteStateConfirmation,
  blindRestoreConfirmation,
  orphanText,
  restoreConfirmation,
  type Confirmation,
} from './stateText.ts';

/** What a command about the state works with. */
interface StateCommand {
  readonly connection: RuntimeFolderConnection;
  /** The word after the command; throws if there is none. */
  readonly named: (what: string) => string;
  /** `--yes`: the person knows what will be lost. */
  readonly isSure: boolean;
  readonly print: (line: string) => void;
}

export const stateUsage = `  backup <file>              write the state into a new file that any SQLite program opens; without logs
  restore <file>             replace the state by a backup; what it had is kept in a file
  export <file>              write the state as JSON into a new file
  orphans                    states that no folder uses
  adopt <id>                 give this folder the state of another one
  delete-run <run>, delete-issue <number>, delete-agent <agent>, delete-state
                             these, restore and adopt only say what they would do, unless --yes stands there`;

/** Commands about the state as a whole, and about deleting parts of it; each answers the exit code. */
export const stateCommands: Readonly<Record<string, (command: StateCommand) => Promise<number>>> = {
  backup: async ({ connection, named, print }) => {
    const file = newFile(named('a file'));
    const { bytes } = await connection.request('state.backUp', { path: file });
    print(`The state is in ${file} (${formatBytes(bytes)}). Logs of runs and consents are not part of it.`);
    return 0;
  },
  export: async ({ connection, named, print }) => {
    const file = newFile(named('a file'));
    const { bytes } = await connection.request('state.export', { path: file });
    print(`The state is in ${file} (${formatBytes(bytes)}), without messages, prompts and logs.`);
    return 0;
  },
  restore: async (command) => {
    const { connection, named, print } = command;
    const file = path.resolve(named('a file'));
    if (await isDamaged(connection)) return restoreDamaged(command, file);
    const backup = await connection.request('state.inspectBackup', { path: file });
    const folder = { name: connection.name, path: connection.path, running: runningOf(connection) };
    if (!isAgreed(command, restoreConfirmation(folder, backup, { now: Date.now(), t }))) return 1;
    const { quarantine } = await connection.request('state.restore', { path: file, digest: backup.digest });
    print('The state is restored.');
    if (quarantine !== null) print(`To undo it: reveille restore ${quarantine}`);
    return 0;
  },
  orphans: async ({ connection, print }) => {
    const orphans = await connection.listOrphans();
    for (const orphan of orphans) print(`${orphan.id}  ${orphan.path}  ${orphanText(orphan, Date.now(), t)}`);
    if (orphans.length === 0) print('There is no state without a folder.');
    return 0;
  },
  adopt: async (command) => {
    const { connection, named, print } = command;
    const id = named('a state, by its id');
    const orphan = (await connection.listOrphans()).find((one) => one.id === id);
    if (!orphan) throw new UserError('not_found', `There is no state ${id} without a folder. See "reveille orphans".`);
    const { state } = connection;
    const isEmpty = state === null || (state.runs.size === 0 && state.issues.size === 0);
    const folder = { name: connection.name, running: runningOf(connection), isEmpty };
    if (!isAgreed(command, adoptConfirmation(folder, orphan, t))) return 1;
    await connection.adopt(id);
    print(`The folder has the state that belonged to ${orphan.path}.`);
    return 0;
  },
  'delete-run': async (command) => {
    const { connection, named } = command;
    const run = await connection.request('run.get', { runId: named('a run') });
    const extent = await connection.request('deletion.preview', { target: { kind: 'run', runId: run.id } });
    if (!isAgreed(command, deleteRunConfirmation(run, extent, t))) return 1;
    await connection.request('run.delete', { runId: run.id });
    return 0;
  },
  'delete-issue': async (command) => {
    const { connection, named } = command;
    const issue = await issueOfNumber(connection, named('an issue, by its number'));
    const extent = await connection.request('deletion.preview', { target: { kind: 'issue', issueId: issue.id } });
    if (!isAgreed(command, deleteIssueConfirmation(issue, extent, t))) return 1;
    await connection.request('issue.delete', { issueId: issue.id });
    return 0;
  },
  'delete-agent': async (command) => {
    const { connection, named } = command;
    const agent = named('an agent');
    const extent = await connection.request('deletion.preview', { target: { kind: 'agent', agent } });
    if (!isAgreed(command, deleteAgentConfirmation(agent, extent, t))) return 1;
    await connection.request('agent.delete', { agent, evenIfConfigured: extent.isConfigured });
    return 0;
  },
  'delete-state': async (command) => {
    const { connection, print } = command;
    const { storePath } = await connection.request('runtime.status', {});
    const extent = await connection.request('deletion.preview', { target: { kind: 'state' } });
    if (!isAgreed(command, deleteStateConfirmation({ name: connection.name, storePath }, extent, t))) return 1;
    await connection.deleteState();
    print('The state is deleted.');
    return 0;
  },
};

/** True for a state that no runtime can read; waits until that is known. */
async function isDamaged(connection: RuntimeFolderConnection): Promise<boolean> {
  try {
    await connection.request('runtime.status', {});
    return false;
  } catch (error) {
    const { status } = connection;
    if (status.kind === 'failed' && status.action === 'chooseState') return true;
    throw error;
  }
}

async function restoreDamaged(command: StateCommand, file: string): Promise<number> {
  const { connection, print } = command;
  if (!isAgreed(command, blindRestoreConfirmation(connection.name, file, t))) return 1;
  connection.restoreFrom(file);
  await connection.request('runtime.status', {});
  print('The state is restored.');
  return 0;
}

function isAgreed({ isSure, print }: StateCommand, { question, detail }: Confirmation): boolean {
  if (isSure) return true;
  print(question);
  print(detail);
  print('Nothing was changed. Say it again with --yes to do it.');
  return false;
}

function newFile(name: string): string {
  const file = path.resolve(name);
  if (existsSync(file)) throw new UserError('invalid', `${file} exists already. Name a new file.`);
  return file;
}

function runningOf({ state }: RuntimeFolderConnection): number {
  return [...(state?.runs.values() ?? [])].filter(({ status }) => status === 'running').length;
}
