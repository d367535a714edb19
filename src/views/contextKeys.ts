import * as vscode from 'vscode';
import type { FolderConnection } from '../connection/connection.ts';
import type { Event } from '../runtime/events.ts';
import type { Disposable } from '../runtime/lifecycle.ts';
import { situationOf, totalsOf } from './situation.ts';

/** Keeps the context keys that menus and welcome texts ask for; each is set only when it changes. */
export function createContextKeys(connections: {
  readonly folders: readonly FolderConnection[];
  readonly onDidChange: Event<void>;
}): Disposable {
  const known = new Map<string, unknown>();
  const set = (key: string, value: boolean | string): void => {
    if (known.get(key) === value) return;
    known.set(key, value);
    void vscode.commands.executeCommand('setContext', key, value);
  };
  const update = (): void => {
    const totals = totalsOf(connections.folders);
    set('reveille.situation', situationOf(connections.folders));
    set('reveille.isConnected', totals.connected > 0);
    set('reveille.isStopped', totals.stopped > 0);
    set('reveille.hasAgents', totals.agents > 0);
    set('reveille.hasRunnable', totals.runnable > 0);
    set(
      'reveille.hasIssue',
      connections.folders.some((folder) => (folder.state?.issues.size ?? 0) > 0),
    );
    set('reveille.hasPendingReview', totals.pending > 0);
    set(
      'reveille.hasDamagedState',
      connections.folders.some(({ status }) => status.kind === 'failed' && status.action === 'chooseState'),
    );
    set('reveille.hasQuestion', totals.questions > 0);
    set('reveille.hasActiveRuns', totals.running + totals.queued > 0);
    set(
      'reveille.hasRun',
      connections.folders.some((folder) => (folder.state?.runs.size ?? 0) > 0),
    );
  };
  const subscription = connections.onDidChange(update);
  update();
  return subscription;
}
