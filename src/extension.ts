import { setTimeout as wait } from 'node:timers/promises';
import * as vscode from 'vscode';
import { registerCommands } from './commands.ts';
import { Connections } from './connection/connections.ts';
import { SecretKeeper } from './connection/secretKeeper.ts';
import { openUserRegistry, windowBuild } from './connection/userRegistry.ts';
import { systemClock } from './runtime/clock.ts';
import { toError } from './runtime/errors.ts';
import { toBaseEnvironment } from './runtime/runs/environment.ts';
import { SettingsReader } from './settings.ts';
import { AskedPages } from './views/askedPages.ts';
import { AuditSecrets } from './views/auditSecrets.ts';
import { createAdoptOffer } from './views/adoptOffer.ts';
import { createConfigurationDiagnostics } from './views/configurationDiagnostics.ts';
import { createContextKeys } from './views/contextKeys.ts';
import { DashboardPanels } from './views/dashboard/panel.ts';
import { createDiagnosticsWatch } from './views/diagnosticsWatch.ts';
import { CheckReports } from './views/documents/checkReports.ts';
import { createIssueLinks } from './views/documents/issueLinks.ts';
import { createReportLinks } from './views/documents/reportLinks.ts';
import { VirtualDocuments } from './views/documents/virtualDocuments.ts';
import { newestHeartbeats } from './views/heartbeatPages.ts';
import { createNotifications } from './views/notifications.ts';
import { createQuestionNotifications } from './views/questionNotifications.ts';
import { OlderRunPages } from './views/olderRunPages.ts';
import { RuntimeLogs } from './views/runtimeLog.ts';
import { newestSessions, type SessionPages } from './views/sessionPages.ts';
import { createStatusBar } from './views/statusBar.ts';
import { TranscriptChannels } from './views/transcripts/transcriptChannels.ts';
import { createTranscriptLinks } from './views/transcripts/transcriptLinks.ts';
import { createTrees } from './views/trees.ts';

/** How long windows that make an audit key at the same moment wait for each other, in milliseconds. */
const auditKeySettleMs = 500;

/** Wires connections, views and commands. Connecting begins after it has returned: nothing is started or opened in here. */
export function activate(context: vscode.ExtensionContext): void {
  const log = vscode.window.createOutputChannel('Reveille', { log: true });
  const settings = new SettingsReader();
  const connections = createConnections(context, settings, log);
  const onError = (error: unknown): void => {
    log.error('A view failed', toError(error));
  };
  const olderRuns = new OlderRunPages(onError);
  const heartbeats = new AskedPages(connections, newestHeartbeats, onError);
  const sessions = new AskedPages(connections, newestSessions, onError);
  const checks = new CheckReports();
  const transcripts = new TranscriptChannels({ connections, log });
  const secrets = createSecretKeeper(context, connections, log);
  const dashboard = new DashboardPanels({ connections, extensionUri: context.extensionUri, log });
  context.subscriptions.push(
    log,
    settings,
    connections,
    olderRuns,
    heartbeats,
    sessions,
    checks,
    refreshOnFocus(sessions),
    transcripts,
    dashboard,
    secrets,
    new VirtualDocuments(connections),
    createIssueLinks(connections),
    createReportLinks(connections),
    createTranscriptLinks(connections),
    createConfigurationDiagnostics(connections),
    createDiagnosticsWatch(connections, log),
    new RuntimeLogs(connections, log),
    createContextKeys(connections),
    createTrees({ connections, olderRuns, heartbeats, sessions }),
    createStatusBar(connections),
    createNotifications({ connections, memory: context.globalState, log }),
    createQuestionNotifications({ connections, memory: context.globalState, log }),
    createAdoptOffer({ connections, memory: context.globalState, log }),
    registerCommands({ connections, log, transcripts, olderRuns, sessions, checks, dashboard, secrets }),
    keepFolders(connections),
  );
}

/** VS Code releases `context.subscriptions`: the window disconnects, and its runtimes do what the settings say. */
export function deactivate(): void {
  // Nothing else: a runtime must not depend on how a window ends.
}

function createConnections(
  context: vscode.ExtensionContext,
  settings: SettingsReader,
  log: vscode.LogOutputChannel,
): Connections {
  const environment = toBaseEnvironment(process.platform, process.env);
  const client = () => ({
    kind: 'window' as const,
    isTrusted: vscode.workspace.isTrusted,
    whenWindowsClose: settings.current.whenWindowsClose,
    maxUnattendedHours: settings.current.maxUnattendedHours,
    maxConcurrentRuns: settings.current.maxConcurrentRuns,
    retention: settings.current.retention,
    environment,
  });
  const ownStoragePath = (context.storageUri ?? context.globalStorageUri).fsPath;
  const auditSecrets = new AuditSecrets({
    secrets: context.secrets,
    memory: context.globalState,
    log,
    settle: () => wait(auditKeySettleMs),
  });
  const connections = new Connections(client(), {
    auditKey: (folderId) => auditSecrets.keyOf(folderId),
    runtimeEntry: vscode.Uri.joinPath(context.extensionUri, 'dist', 'runtime.js').fsPath,
    isBundled: true,
    // Read anew whenever a runtime is looked for, so that a change needs no reload.
    get execPath() {
      return settings.current.runtimeExecutable || process.execPath;
    },
    env: process.env,
    registry: openUserRegistry,
    get storagePath() {
      return settings.current.storagePath || ownStoragePath;
    },
    build: windowBuild,
    clock: systemClock,
    logger: log,
  });
  const update = (): void => {
    connections.updateSettings(client());
  };
  context.subscriptions.push(settings.onDidChange(update), vscode.workspace.onDidGrantWorkspaceTrust(update));
  return connections;
}

/** Sessions that went for their age meanwhile nobody announces. */
function refreshOnFocus(sessions: SessionPages): vscode.Disposable {
  return vscode.window.onDidChangeWindowState(({ focused }) => {
    if (focused) sessions.refresh();
  });
}

/** What people have set for each folder, and brings it to runtimes that lack it. */
function createSecretKeeper(
  context: vscode.ExtensionContext,
  connections: Connections,
  log: vscode.LogOutputChannel,
): SecretKeeper {
  const keeper = new SecretKeeper({
    connections,
    keychain: context.secrets,
    memory: context.globalState,
    isTrusted: () => vscode.workspace.isTrusted,
    log,
  });
  context.subscriptions.push(
    vscode.workspace.onDidGrantWorkspaceTrust(() => {
      keeper.review();
    }),
  );
  return keeper;
}

/** After the activation, in milliseconds, configurations are looked for once more that came before anybody watched. */
const lookAgainMs = [2000, 10_000];

/** Connects the window's folders, now that activation is over, and follows the list. */
function keepFolders(connections: Connections): vscode.Disposable {
  const update = (): void => {
    const folders = (vscode.workspace.workspaceFolders ?? []).filter(({ uri }) => uri.scheme === 'file');
    connections.setFolders(folders.map(({ name, uri }) => ({ name, path: uri.fsPath })));
  };
  const startUsed = (): void => {
    connections.startUsed();
  };
  const start = setImmediate(update);
  // A folder gets its first configuration in many ways: written by hand, by a checkout, by another window.
  const configurations = vscode.workspace.createFileSystemWatcher('**/.reveille/reveille.yaml', false, true, true);
  return vscode.Disposable.from(
    vscode.workspace.onDidChangeWorkspaceFolders(update),
    configurations,
    configurations.onDidCreate(startUsed),
    // The watcher begins to watch at some later time and does not say when, and where the system has no watches left it never does.
    vscode.window.onDidChangeWindowState(({ focused }) => {
      if (focused) startUsed();
    }),
    ...lookAgainMs.map((delay) => {
      const timer = setTimeout(startUsed, delay);
      return new vscode.Disposable(() => {
        clearTimeout(timer);
      });
    }),
    new vscode.Disposable(() => {
      clearImmediate(start);
    }),
  );
}
