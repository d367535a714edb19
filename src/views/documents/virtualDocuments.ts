import * as vscode from 'vscode';
import type { FolderConnection } from '../../connection/connection.ts';
import type { Event } from '../../runtime/events.ts';
import type { Disposable } from '../../runtime/lifecycle.ts';
import type { Run } from '../../runtime/model.ts';
import { translate } from '../translate.ts';
import { readIssueText } from './issueText.ts';
import { readLogText } from './logText.ts';
import { readHeartbeatText, readSimulationText, readWhyText } from './reportText.ts';

const logScheme = 'reveille-log';
export const issueScheme = 'reveille-issue';
const consentScheme = 'reveille-consent';
const changeScheme = 'reveille-change';
export const whyScheme = 'reveille-why';
const simulationScheme = 'reveille-simulation';
export const heartbeatScheme = 'reveille-heartbeat';
export const checkScheme = 'reveille-check';

/** A log that grows is drawn again at most this often. */
const refreshMs = 1000;

/** What stands in the query of a document's address. */
interface Address {
  readonly folder: string;
  readonly id: string;
  readonly side?: 'before' | 'after';
}

/** Read-only documents that the runtime is the source of: logs, issues, and definitions to review. */
export class VirtualDocuments implements vscode.TextDocumentContentProvider, Disposable {
  readonly #connections: { readonly folders: readonly FolderConnection[]; readonly onDidChange: Event<void> };
  readonly #changeEmitter = new vscode.EventEmitter<vscode.Uri>();
  readonly #disposables: Disposable[];
  /** Of each folder: what tells that a log of it grows. */
  readonly #growth = new Map<FolderConnection, Disposable>();
  #timer: NodeJS.Timeout | undefined;

  constructor(connections: { readonly folders: readonly FolderConnection[]; readonly onDidChange: Event<void> }) {
    this.#connections = connections;
    this.#disposables = [
      this.#changeEmitter,
      ...[logScheme, issueScheme, consentScheme, changeScheme, whyScheme, simulationScheme, heartbeatScheme].map(
        (scheme) => vscode.workspace.registerTextDocumentContentProvider(scheme, this),
      ),
      connections.onDidChange(() => {
        this.#followLogs();
        this.#scheduleRefresh();
      }),
    ];
    this.#followLogs();
  }

  get onDidChange(): vscode.Event<vscode.Uri> {
    return this.#changeEmitter.event;
  }

  async provideTextDocumentContent(uri: vscode.Uri): Promise<string> {
    const address = parseAddress(uri);
    const folder = this.#connections.folders.find((candidate) => candidate.path === address?.folder);
    if (address === null || folder === undefined) return translate('Its folder is not open any more.');
    switch (uri.scheme) {
      case logScheme:
        return readLogText(folder, address.id, translate);
      case issueScheme:
        return readIssueText(folder, address.id, translate);
      case changeScheme:
        return changeText(folder, { runId: address.id, path: uri.path.slice(1), side: address.side ?? 'after' });
      case whyScheme:
        return readWhyText(folder, address.id, translate);
      case simulationScheme:
        return readSimulationText(folder, translate);
      case heartbeatScheme:
        return readHeartbeatText(folder, address.id, translate);
      default:
        return consent(folder, address);
    }
  }

  dispose(): void {
    clearTimeout(this.#timer);
    for (const disposable of this.#growth.values()) disposable.dispose();
    this.#growth.clear();
    for (const disposable of this.#disposables.splice(0).reverse()) disposable.dispose();
  }

  /** The transcripts have the runtime announce the growth of every log that is being written. */
  #followLogs(): void {
    const { folders } = this.#connections;
    for (const [folder, subscription] of this.#growth) {
      if (folders.includes(folder)) continue;
      subscription.dispose();
      this.#growth.delete(folder);
    }
    for (const folder of folders) {
      if (this.#growth.has(folder)) continue;
      this.#growth.set(
        folder,
        folder.onDidGrowLog(() => {
          this.#scheduleRefresh();
        }),
      );
    }
  }

  #scheduleRefresh(): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      for (const { uri } of vscode.workspace.textDocuments.filter(({ uri }) => this.#mayHaveChanged(uri))) {
        this.#changeEmitter.fire(uri);
      }
    }, refreshMs);
  }

  #mayHaveChanged(uri: vscode.Uri): boolean {
    if ([issueScheme, whyScheme, simulationScheme, heartbeatScheme].includes(uri.scheme)) return true;
    if (uri.scheme !== logScheme) return false;
    const address = parseAddress(uri);
    const state = this.#connections.folders.find((folder) => folder.path === address?.folder)?.state;
    const run = state?.runs.get(address?.id ?? '');
    return run !== undefined && (run.finishedAt === null || Date.now() - run.finishedAt < 10 * refreshMs);
  }
}

function consent(folder: FolderConnection, address: Address): string {
  const pending = folder.state?.configuration.pending.find((candidate) => candidate.hash === address.id);
  if (pending === undefined) return translate('This definition does not wait for review any more.');
  return address.side === 'before' ? (pending.before ?? '') : pending.after;
}

async function changeText(
  folder: FolderConnection,
  version: { readonly runId: string; readonly path: string; readonly side: 'before' | 'after' },
): Promise<string> {
  const { text, kind } = await folder.request('run.fileVersion', version);
  if (text !== null) return text;
  if (kind === 'absent') return '';
  return kind === 'tooLong' ? translate('This file is too long to be shown.') : translate('This file is no text.');
}

/** The address of a run's log. */
export function logUri(folder: FolderConnection, run: Run): vscode.Uri {
  return address(logScheme, `${run.agent} run ${String(run.number)}.log`, { folder: folder.path, id: run.id });
}

/** The address of the log of a run of which only the id is known. */
export function logUriOf(folder: FolderConnection, runId: string): vscode.Uri {
  return address(logScheme, `run ${runId}.log`, { folder: folder.path, id: runId });
}

/** The address of the account of why an agent woke and why it did not. */
export function whyUri(folder: FolderConnection, agent: string): vscode.Uri {
  return address(whyScheme, `Why ${agent}.txt`, { folder: folder.path, id: agent });
}

/** The address of what the last check of an agent found. */
export function checkUri(folder: FolderConnection, agent: string): vscode.Uri {
  return address(checkScheme, `Check ${agent}.txt`, { folder: folder.path, id: agent });
}

/** The address of what the schedules of a folder would start. */
export function simulationUri(folder: FolderConnection): vscode.Uri {
  return address(simulationScheme, `Next 7 days of ${folder.name}.txt`, { folder: folder.path, id: '' });
}

/** The address of the steps of one run of a named heartbeat. */
export function heartbeatUri(folder: FolderConnection, heartbeat: { readonly id: string }): vscode.Uri {
  return address(heartbeatScheme, `Heartbeat ${heartbeat.id}.txt`, { folder: folder.path, id: heartbeat.id });
}

/** The address of an issue's document. */
export function issueUri(
  folder: FolderConnection,
  issue: { readonly id: string; readonly number: number },
): vscode.Uri {
  return address(issueScheme, `Issue ${String(issue.number)}.md`, { folder: folder.path, id: issue.id });
}

/** The address of one side of a definition that waits for review. */
export function consentUri(
  folder: FolderConnection,
  pending: { agent: string; hash: string },
  side: 'before' | 'after',
): vscode.Uri {
  return address(consentScheme, `${pending.agent}.yaml`, { folder: folder.path, id: pending.hash, side });
}

/** The address of one side of a file that a run changed. */
export function changeUri(
  folder: FolderConnection,
  run: { readonly id: string },
  change: { readonly path: string; readonly side: 'before' | 'after' },
): vscode.Uri {
  const query: Address = { folder: folder.path, id: run.id, side: change.side };
  // The path names the language, and the file itself.
  return vscode.Uri.from({ scheme: changeScheme, path: `/${change.path}`, query: JSON.stringify(query) });
}

function address(scheme: string, name: string, query: Address): vscode.Uri {
  return vscode.Uri.from({ scheme, path: `/${name.replaceAll('/', '_')}`, query: JSON.stringify(query) });
}

/** What a document's address points to; null if it is not one of ours. */
export function parseAddress(uri: vscode.Uri): { folder: string; id: string; side?: 'before' | 'after' } | null {
  try {
    const value: unknown = JSON.parse(uri.query);
    if (typeof value !== 'object' || value === null || !('folder' in value) || !('id' in value)) return null;
    const { folder, id } = value;
    if (typeof folder !== 'string' || typeof id !== 'string') return null;
    const side = 'side' in value && value.side === 'before' ? 'before' : 'after';
    return { folder, id, side };
  } catch {
    // Somebody else wrote this address; it leads nowhere.
    return null;
  }
}
