import * as vscode from 'vscode';
import type { FolderConnection } from '../../connection/connection.ts';
import { UserError } from '../../runtime/errors.ts';
import { translate } from '../translate.ts';
import { folderOf, toSubject, type ActionContext } from './actionContext.ts';
import { pick, pickFolder, type Item } from './pickers.ts';
import { assertTrusted } from './trust.ts';

interface ChosenSecret {
  readonly folder: FolderConnection;
  readonly name: string;
}

const messageMs = 6000;
const longestValue = 8192;
/** Shorter values are not kept out of logs; see `shortestSecret` of the runtime. */
const shortestHidden = 6;

/** Keeps a secret in the editor's keychain and gives it to the runtime; the wakes that it held go on. */
export async function setSecret(context: ActionContext, given: unknown): Promise<void> {
  assertTrusted();
  const chosen = await chooseSecret(context, given);
  if (chosen === undefined) return;
  const value = await vscode.window.showInputBox({
    title: vscode.l10n.t('Value of the secret {0}', chosen.name),
    prompt: vscode.l10n.t("It is kept in the editor's keychain and given to this folder's agents that name it."),
    password: true,
    ignoreFocusOut: true,
    validateInput: explainValue,
  });
  if (value === undefined) return;
  await context.secrets.set(chosen.folder, chosen.name, value);
  vscode.window.setStatusBarMessage(`$(key) ${vscode.l10n.t('{0} is set.', chosen.name)}`, messageMs);
}

/** Removes a secret from the editor's keychain and from the runtime. */
export async function deleteSecret(context: ActionContext, given: unknown): Promise<void> {
  assertTrusted();
  const folder = await pickFolder(context, given, vscode.l10n.t('A secret of which folder?'));
  if (folder === undefined) return;
  const set = (folder.state?.runtime.secrets ?? []).filter(({ isSet }) => isSet).map(({ name }) => name);
  const names = [...new Set([...(await context.secrets.listNames(folder)), ...set])].sort();
  if (names.length === 0) throw new UserError('not_found', translate('No secret is set for this folder.'));
  const items = names.map((name) => ({ label: `$(key) ${name}`, value: name }));
  const name = await pick(items, vscode.l10n.t('Which secret shall be deleted?'));
  if (name === undefined) return;
  await context.secrets.delete(folder, name);
  vscode.window.setStatusBarMessage(`$(key) ${vscode.l10n.t('{0} is deleted.', name)}`, messageMs);
}

async function chooseSecret(context: ActionContext, given: unknown): Promise<ChosenSecret | undefined> {
  const subject = toSubject(given);
  if (subject?.kind === 'secret') return { folder: folderOf(context, subject.folder), name: subject.secret };
  const folder = await pickFolder(context, given, vscode.l10n.t('A secret of which folder?'));
  if (folder === undefined) return undefined;
  const needed = (folder.state?.runtime.secrets ?? []).filter(
    ({ agents }) => subject?.kind !== 'agent' || agents.includes(subject.agent),
  );
  const items: Item<string | null>[] = needed.map(({ name, agents, isSet }) => ({
    label: `$(key) ${name}`,
    description: [isSet ? translate('set') : translate('missing'), agents.join(', ')].join(' · '),
    value: name,
  }));
  items.push({ label: `$(edit) ${vscode.l10n.t('Another secret…')}`, value: null });
  const name = items.length === 1 ? null : await pick(items, vscode.l10n.t('Which secret do you set?'));
  if (name === undefined) return undefined;
  const chosen = name ?? (await askName());
  return chosen === undefined ? undefined : { folder, name: chosen };
}

async function askName(): Promise<string | undefined> {
  return vscode.window.showInputBox({
    title: vscode.l10n.t('Name of the secret'),
    prompt: vscode.l10n.t('As the configuration names it, such as GITHUB_TOKEN'),
    validateInput: (name) =>
      /^[A-Za-z_][A-Za-z0-9_]{0,99}$/.test(name)
        ? undefined
        : vscode.l10n.t('A letter or "_" first, then letters, digits and "_".'),
  });
}

/** What is wrong with a value; a warning where it can be set all the same. */
function explainValue(value: string): vscode.InputBoxValidationMessage | string | undefined {
  if (value === '') return vscode.l10n.t('Enter the value.');
  if (value.length > longestValue) return vscode.l10n.t('A secret has at most {0} characters.', longestValue);
  if (value.length >= shortestHidden) return undefined;
  const message = vscode.l10n.t('So short a value is not kept out of logs.');
  return { message, severity: vscode.InputBoxValidationSeverity.Warning };
}
