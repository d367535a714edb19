import { randomBytes } from 'node:crypto';
import * as vscode from 'vscode';
import type { FolderConnection } from '../../connection/connection.ts';
import { toPanel, type PageAction, type PageSubject } from '../../dashboardProtocol.ts';
import type { Event } from '../../runtime/events.ts';
import type { Logger } from '../../runtime/log.ts';
import { translate } from '../translate.ts';
import { Coalescer } from './coalesce.ts';
import { dashboardHtml } from './html.ts';
import { dashboardState } from './state.ts';

const viewType = 'reveille.dashboard';
/** At most four states a second. */
const stateIntervalMs = 250;

const commands: Record<PageAction, string> = {
  wake: 'reveille.agent.wake',
  pause: 'reveille.agent.pause',
  resume: 'reveille.agent.resume',
  transcript: 'reveille.agent.openTranscript',
  review: 'reveille.configuration.review',
  cancel: 'reveille.run.cancel',
  log: 'reveille.run.openLog',
  openIssue: 'reveille.issue.open',
  assignIssue: 'reveille.issue.assign',
  newIssue: 'reveille.issue.create',
  stop: 'reveille.everything.stop',
  release: 'reveille.everything.release',
  retry: 'reveille.connection.retry',
  createConfiguration: 'reveille.configuration.create',
  openConfiguration: 'reveille.configuration.open',
  manageTrust: 'workbench.trust.manage',
};

/** What the dashboard shows and where its files are. */
export interface DashboardOptions {
  readonly connections: { readonly folders: readonly FolderConnection[]; readonly onDidChange: Event<void> };
  readonly extensionUri: vscode.Uri;
  readonly log: Logger;
}

/** The dashboard: at most one panel, restored after a reload. It keeps no state of its own. */
export class DashboardPanels implements vscode.Disposable {
  readonly #options: DashboardOptions;
  readonly #serializer: vscode.Disposable;
  #panel: vscode.WebviewPanel | undefined;
  #subscriptions: vscode.Disposable | undefined;

  constructor(options: DashboardOptions) {
    this.#options = options;
    this.#serializer = vscode.window.registerWebviewPanelSerializer(viewType, {
      deserializeWebviewPanel: (panel) => {
        this.#adopt(panel);
        return Promise.resolve();
      },
    });
  }

  /** Opens the dashboard, or brings it to the front. */
  open(): void {
    if (this.#panel !== undefined) {
      this.#panel.reveal();
      return;
    }
    this.#adopt(
      vscode.window.createWebviewPanel(viewType, vscode.l10n.t('Reveille Dashboard'), vscode.ViewColumn.Active),
    );
  }

  dispose(): void {
    this.#serializer.dispose();
    this.#subscriptions?.dispose();
    this.#panel?.dispose();
  }

  #adopt(panel: vscode.WebviewPanel): void {
    this.#subscriptions?.dispose();
    if (this.#panel !== panel) this.#panel?.dispose();
    this.#panel = panel;
    const { connections, extensionUri } = this.#options;
    const distUri = vscode.Uri.joinPath(extensionUri, 'dist');
    panel.webview.options = { enableScripts: true, localResourceRoots: [distUri] };
    panel.iconPath = vscode.Uri.joinPath(extensionUri, 'media', 'reveille.svg');
    const sender = new Coalescer(() => {
      this.#send(panel);
    }, stateIntervalMs);
    this.#subscriptions = vscode.Disposable.from(
      sender,
      connections.onDidChange(() => {
        sender.ask();
      }),
      vscode.workspace.onDidGrantWorkspaceTrust(() => {
        sender.ask();
      }),
      panel.onDidChangeViewState(() => {
        if (panel.visible) sender.ask();
      }),
      panel.webview.onDidReceiveMessage((message: unknown) => {
        this.#receive(message, sender);
      }),
      panel.onDidDispose(() => {
        this.#forget(panel);
      }),
    );
    panel.webview.html = this.#html(panel.webview, distUri);
  }

  #forget(panel: vscode.WebviewPanel): void {
    if (this.#panel !== panel) return;
    this.#panel = undefined;
    this.#subscriptions?.dispose();
    this.#subscriptions = undefined;
  }

  #html(webview: vscode.Webview, distUri: vscode.Uri): string {
    return dashboardHtml({
      nonce: randomBytes(16).toString('base64url'),
      cspSource: webview.cspSource,
      scriptUri: webview.asWebviewUri(vscode.Uri.joinPath(distUri, 'dashboard.js')).toString(),
      styleUri: webview.asWebviewUri(vscode.Uri.joinPath(distUri, 'dashboard.css')).toString(),
      language: vscode.env.language,
      translations: translations(),
    });
  }

  #send(panel: vscode.WebviewPanel): void {
    if (!panel.visible) return;
    const state = dashboardState({
      folders: this.#options.connections.folders,
      isTrusted: vscode.workspace.isTrusted,
      t: translate,
    });
    void panel.webview.postMessage({ kind: 'state', state });
  }

  #receive(message: unknown, sender: Coalescer): void {
    const parsed = toPanel.safeParse(message);
    if (!parsed.success) {
      this.#options.log.warn('The dashboard sent something unknown', parsed.error.message);
      return;
    }
    if (parsed.data.kind === 'ready') sender.ask();
    else void vscode.commands.executeCommand(commands[parsed.data.action], toSubject(parsed.data.subject));
  }
}

function toSubject(given: PageSubject | undefined): object | undefined {
  if (given === undefined) return undefined;
  const { folder, agent, runId, issueId } = given;
  if (runId !== undefined) return { kind: 'run', folder, runId };
  if (issueId !== undefined) return { kind: 'issue', folder, issueId };
  return agent === undefined ? { kind: 'folder', folder } : { kind: 'agent', folder, agent };
}

/** The translations in use, as plain texts by their English; none in English. */
function translations(): Record<string, string> {
  const entries = Object.entries(vscode.l10n.bundle ?? {});
  return Object.fromEntries(
    entries.flatMap(([key, value]) => (typeof value === 'string' ? [[key, value] as const] : [])),
  );
}
