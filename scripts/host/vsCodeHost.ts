import { mkdirSync, mkdtempSync, realpathSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { launchChromium } from './chromium.ts';
import { killProcessesWith } from './processesWith.ts';
import { installVsix, startVsCodeServer, type VsCodeServer } from './vsCodeServer.ts';

export interface VsCodeHostOptions {
  /** The folder that windows open. */
  readonly workspace: string;
  /** False: windows start in Restricted Mode. */
  readonly trust: boolean;
  /** The extension from its source folder (built), as in development. */
  readonly extensionDevelopmentPath?: string;
  /** Or a packaged one, installed before the server starts. */
  readonly vsix?: string;
  /** Keeps user data, server data, extensions and Reveille's registry; default: a temporary one, removed by `dispose`. */
  readonly dataFolder?: string;
  readonly env?: Readonly<Record<string, string>>;
}

export interface OpenWindowOptions {
  /** Another folder than the host's. */
  readonly folder?: string;
  /** Further entries of the URL's payload, as `extensionTestsPath`. */
  readonly payload?: Payload;
  readonly viewport?: { readonly width: number; readonly height: number };
  /** Called before the page loads. */
  readonly prepare?: (page: Page) => Promise<void>;
  /** The same browser profile again; default: a new one, as another person's browser. */
  readonly context?: BrowserContext;
}

export interface VsCodeWindow {
  readonly page: Page;
  readonly context: BrowserContext;
  /** Closes the tab as a person does. */
  close(): Promise<void>;
}

/** A running VS Code (server and web workbench) with windows in a headless Chromium. */
export interface VsCodeHost extends AsyncDisposable {
  /** For a person's browser; contains the token that lets it in. */
  readonly url: string;
  readonly port: number;
  readonly workspace: string;
  readonly dataFolder: string;
  /** Reveille's registry of this host: `REVEILLE_STATE_HOME` of whatever shall see the same runtimes. */
  readonly stateHome: string;
  readonly server: VsCodeServer;
  /** The browser of all windows; killing it is how a crash of the client looks. Started with the first window. */
  browser(): Promise<Browser>;
  openWindow(options?: OpenWindowOptions): Promise<VsCodeWindow>;
  /** Windows opened from now on see the packaged extension. */
  installVsix(file: string): void;
  /** Ends browser, server, and every process that was started under this host's registry. May be called twice. */
  dispose(): Promise<void>;
}

function windowUrl(server: VsCodeServer, folder: string, payload: Payload): string {
  const url = new URL(`http://127.0.0.1:${server.port}/`);
  url.searchParams.set('folder', folder);
  url.searchParams.set('tkn', server.token);
  if (payload.length > 0) url.searchParams.set('payload', JSON.stringify(payload));
  return url.href;
}

/** A path on the server as the workbench names it. */
export function remoteUri(server: Pick<VsCodeServer, 'port'>, file: string): string {
  return `vscode-remote://127.0.0.1:${server.port}${file}`;
}

type Payload = readonly (readonly [string, string])[];

/** The browser side of a host: one Chromium, started with the first window. */
function windowsOf(server: VsCodeServer, workspace: string, payload: Payload) {
  let starting: Promise<Browser> | undefined;
  const browser = () => (starting ??= launchChromium());
  const openWindow = async (options: OpenWindowOptions = {}): Promise<VsCodeWindow> => {
    const viewport = options.viewport ?? { width: 1280, height: 800 };
    const context = options.context ?? (await (await browser()).newContext({ viewport }));
    const page = await context.newPage();
    await options.prepare?.(page);
    await page.goto(windowUrl(server, options.folder ?? workspace, [...payload, ...(options.payload ?? [])]));
    const isOwnContext = options.context === undefined;
    const close = async () => {
      // Not the context alone: a page that goes with it does not tell the server that it leaves.
      await page.close();
      if (isOwnContext) await context.close();
    };
    return { page, context, close };
  };
  const closeBrowser = async () => {
    const started = await starting?.catch(() => undefined);
    await started?.close().catch(() => undefined);
  };
  return { browser, openWindow, closeBrowser };
}

/**
 * Starts a VS Code of its own: nothing is shared with the user's, and its runtimes have a registry of their own.
 * @throws Error when the server or, later, the browser does not start.
 */
export async function startVsCodeHost(options: VsCodeHostOptions): Promise<VsCodeHost> {
  const dataFolder = options.dataFolder ?? realpathSync(mkdtempSync(path.join(os.tmpdir(), 'reveille-host-')));
  const stateHome = path.join(dataFolder, 'state', 'reveille');
  mkdirSync(stateHome, { recursive: true, mode: 0o700 });
  if (options.vsix !== undefined) installVsix(dataFolder, options.vsix);
  const env = { XDG_STATE_HOME: path.dirname(stateHome), REVEILLE_STATE_HOME: stateHome, ...options.env };
  const server = await startVsCodeServer({ dataFolder, trust: options.trust, env });
  const payload: (readonly [string, string])[] = [['skipWelcome', 'true']];
  if (options.extensionDevelopmentPath !== undefined) {
    payload.push(['extensionDevelopmentPath', remoteUri(server, options.extensionDevelopmentPath)]);
  }

  const { browser, openWindow, closeBrowser } = windowsOf(server, options.workspace, payload);

  let disposing: Promise<void> | undefined;
  const disposeOnce = async () => {
    await closeBrowser();
    await server.stop();
    killProcessesWith(`REVEILLE_STATE_HOME=${stateHome}\0`);
    if (options.dataFolder === undefined) rmSync(dataFolder, { recursive: true, force: true, maxRetries: 5 });
  };
  const dispose = () => (disposing ??= disposeOnce());
  return {
    url: windowUrl(server, options.workspace, payload),
    port: server.port,
    workspace: options.workspace,
    dataFolder,
    stateHome,
    server,
    browser,
    openWindow,
    installVsix: (file) => installVsix(dataFolder, file),
    dispose,
    [Symbol.asyncDispose]: dispose,
  };
}
