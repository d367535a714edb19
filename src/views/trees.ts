import * as vscode from 'vscode';
import type { FolderConnection } from '../connection/connection.ts';
import type { Event } from '../runtime/events.ts';
import { agentRows } from './agentsModel.ts';
import { agentsMessage } from './configurationProblems.ts';
import type { ViewSetting } from './folderLevel.ts';
import type { HeartbeatPages } from './heartbeatPages.ts';
import { inboxBadge, inboxRows } from './inboxModel.ts';
import { issueRows } from './issuesModel.ts';
import { ModelTree } from './modelTree.ts';
import type { OlderRunPages } from './olderRunPages.ts';
import { runRows } from './runsModel.ts';
import type { SessionPages } from './sessionPages.ts';
import { attentionBadge } from './situation.ts';
import { translate } from './translate.ts';

/** What the views show. */
export interface TreesOptions {
  readonly connections: { readonly folders: readonly FolderConnection[]; readonly onDidChange: Event<void> };
  readonly olderRuns: OlderRunPages;
  readonly heartbeats: HeartbeatPages;
  readonly sessions: SessionPages;
}

/** The views Agents, Issues, Runs and Inbox. */
export function createTrees({ connections, olderRuns, heartbeats, sessions }: TreesOptions): vscode.Disposable {
  const setting = (): ViewSetting => ({ now: Date.now(), t: translate });
  const { onDidChange } = connections;
  const trees = [
    new ModelTree({
      viewId: 'reveille.agents',
      rows: () => agentRows(connections.folders, setting(), sessions.pages),
      message: () => agentsMessage(connections.folders, vscode.workspace.isTrusted, translate),
      badge: () => attentionBadge(connections.folders, vscode.workspace.isTrusted, translate),
      onDidChange: (listener) =>
        vscode.Disposable.from(
          onDidChange(() => listener(undefined)),
          sessions.onDidChange(() => listener(undefined)),
          vscode.workspace.onDidGrantWorkspaceTrust(() => listener(undefined)),
        ),
    }),
    new ModelTree({ viewId: 'reveille.issues', rows: () => issueRows(connections.folders, setting()), onDidChange }),
    new ModelTree({
      viewId: 'reveille.runs',
      rows: () => runRows(connections.folders, olderRuns.pages, setting(), heartbeats.pages),
      onDidChange: (listener) =>
        vscode.Disposable.from(
          onDidChange(() => listener(undefined)),
          olderRuns.onDidChange(() => listener(undefined)),
          heartbeats.onDidChange(() => listener(undefined)),
        ),
    }),
    new ModelTree({
      viewId: 'reveille.inbox',
      rows: () => inboxRows(connections.folders, setting()),
      badge: () => inboxBadge(connections.folders, translate),
      onDidChange,
    }),
  ];
  return vscode.Disposable.from(...trees);
}
