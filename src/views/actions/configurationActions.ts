import * as vscode from 'vscode';
import type { FolderConnection } from '../../connection/connection.ts';
import type { AdapterType } from '../../runtime/definition.ts';
import { UserError } from '../../runtime/errors.ts';
import { translate } from '../translate.ts';
import type { ActionContext } from './actionContext.ts';
import { pickFolder } from './pickers.ts';
import { programsOnPath } from './programsOnPath.ts';
import { starterAdapters, starterConfiguration } from './starterConfiguration.ts';

/** Writes a commented starter configuration with agents of the chosen adapters, unless there is one, and opens it. */
export async function createConfiguration(context: ActionContext, given: unknown): Promise<void> {
  const folder = await pickFolder(context, given, vscode.l10n.t('A configuration in which folder?'));
  if (folder === undefined) return;
  const uri = configurationUri(folder);
  if (!(await exists(uri))) {
    const adapters = await pickAdapters();
    if (adapters === undefined) return;
    const text = starterConfiguration(folder.name, adapters, translate);
    await vscode.workspace.fs.writeFile(uri, new TextEncoder().encode(text));
  }
  await vscode.window.showTextDocument(uri);
  if (folder.status.kind === 'unused' || folder.status.kind === 'failed') folder.retry();
}

/** Which adapters to begin with; those of installed programs are chosen beforehand. Undefined when the user leaves it. */
async function pickAdapters(): Promise<AdapterType[] | undefined> {
  const found = await programsOnPath(['claude', 'codex'], process.platform, process.env);
  const describe = (program: string): string =>
    found.has(program)
      ? vscode.l10n.t('“{0}” is installed', program)
      : vscode.l10n.t('“{0}” was not found on the PATH', program);
  const texts: Readonly<Record<AdapterType, { label: string; description: string; isFound: boolean }>> = {
    claude_local: { label: 'Claude Code', description: describe('claude'), isFound: found.has('claude') },
    codex_local: { label: 'Codex', description: describe('codex'), isFound: found.has('codex') },
    process: {
      label: vscode.l10n.t('Any program'),
      description: vscode.l10n.t('a command of this machine'),
      isFound: found.size === 0,
    },
    http: {
      label: vscode.l10n.t('A server'),
      description: vscode.l10n.t('an address that runs are posted to'),
      isFound: false,
    },
  };
  const items = starterAdapters.map((value) => {
    const { label, description, isFound: picked } = texts[value];
    return { label, description, picked, value };
  });
  const placeHolder = vscode.l10n.t('With which agents do you begin?');
  const chosen = await vscode.window.showQuickPick(items, { placeHolder, canPickMany: true });
  return chosen?.map(({ value }) => value);
}

/** Opens the configuration, at its first mistake if it has one. */
export async function openConfiguration(context: ActionContext, given: unknown): Promise<void> {
  const folder = await pickFolder(context, given, vscode.l10n.t('The configuration of which folder?'));
  if (folder === undefined) return;
  const uri = configurationUri(folder);
  if (!(await exists(uri))) {
    throw new UserError(
      'configuration',
      translate('There is no configuration in {0} yet. "Reveille: Create Configuration" writes one.', folder.name),
    );
  }
  const problem = folder.state?.configuration.problems[0];
  const at =
    problem === undefined
      ? undefined
      : new vscode.Position(Math.max(0, problem.line - 1), Math.max(0, problem.column - 1));
  await vscode.window.showTextDocument(uri, at === undefined ? {} : { selection: new vscode.Range(at, at) });
}

function configurationUri(folder: FolderConnection): vscode.Uri {
  return vscode.Uri.joinPath(vscode.Uri.file(folder.path), '.reveille', 'reveille.yaml');
}

async function exists(uri: vscode.Uri): Promise<boolean> {
  try {
    await vscode.workspace.fs.stat(uri);
    return true;
  } catch (error) {
    if (error instanceof vscode.FileSystemError && error.code === 'FileNotFound') return false;
    throw error;
  }
}
