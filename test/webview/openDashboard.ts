import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Browser, Page } from 'playwright-core';
import type { DashboardState } from '../../src/dashboardProtocol.ts';
import { dashboardHtml } from '../../src/views/dashboard/html.ts';
import { themes, type ThemeName } from './themes.ts';

const root = path.resolve(import.meta.dirname, '../..');
const origin = 'http://dashboard.test';

/** The built page: its script and its style sheet. */
export interface BuiltDashboard {
  readonly script: string;
  readonly style: string;
}

/** Builds the dashboard as it ships. */
export function buildDashboard(): BuiltDashboard {
  const folder = mkdtempSync(path.join(tmpdir(), 'reveille-dashboard-'));
  try {
    execFileSync(process.execPath, ['esbuild.mjs', '--production', '--only', 'dashboard,styles'], {
      cwd: root,
      env: { ...process.env, REVEILLE_BUILD_DIR: folder },
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    const read = (name: string) => readFileSync(path.join(folder, name), 'utf8');
    return { script: read('dashboard.js'), style: read('dashboard.css') };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** An open dashboard, the panel's side of which a test plays. */
export interface OpenDashboard {
  readonly page: Page;
  /** What the page sent, oldest first. */
  readonly sent: unknown[];
  /** Directives of the content security policy that the page violated. */
  readonly violations: string[];
  readonly errors: string[];
  readonly send: (state: DashboardState) => Promise<void>;
}

/** How the page is opened. */
export interface DashboardSetting {
  readonly theme?: ThemeName;
  readonly width?: number;
  readonly translations?: Record<string, string>;
}

export async function openDashboard(
  browser: Browser,
  built: BuiltDashboard,
  setting: DashboardSetting = {},
): Promise<OpenDashboard> {
  const page = await browser.newPage({ viewport: { width: setting.width ?? 1000, height: 900 } });
  const [sent, violations, errors]: [unknown[], string[], string[]] = [[], [], []];
  page.on('pageerror', (error) => errors.push(error.message));
  await page.exposeFunction('tellSent', (message: unknown) => void sent.push(message));
  await page.exposeFunction('tellViolation', (directive: string) => void violations.push(directive));
  await page.addInitScript(playEditor, themes[setting.theme ?? 'dark']);
  await page.route('**/*', (route) => {
    const name = new URL(route.request().url()).pathname;
    if (name === '/dashboard.js') return route.fulfill({ contentType: 'text/javascript', body: built.script });
    if (name === '/dashboard.css') return route.fulfill({ contentType: 'text/css', body: built.style });
    if (name === '/') return route.fulfill({ contentType: 'text/html', body: frame(setting.translations ?? {}) });
    return route.fulfill({ status: 404, body: '' });
  });
  await page.goto(`${origin}/`);
  return {
    page,
    sent,
    violations,
    errors,
    send: (state) =>
      page.evaluate(
        (message) => {
          window.postMessage(message, '*');
        },
        { kind: 'state', state },
      ),
  };
}

function frame(translations: Record<string, string>): string {
  return dashboardHtml({
    nonce: 'aTestNonce1234567890',
    cspSource: origin,
    scriptUri: `${origin}/dashboard.js`,
    styleUri: `${origin}/dashboard.css`,
    language: 'en',
    translations,
  });
}

/** Runs in the page before anything of it: the editor's part of a webview. */
function playEditor(theme: { bodyClass: string; variables: Readonly<Record<string, string>> }): void {
  const scope = globalThis as unknown as {
    acquireVsCodeApi: () => { postMessage(message: unknown): void; getState(): unknown; setState(): void };
    tellSent: (message: unknown) => void;
    tellViolation: (directive: string) => void;
  };
  scope.acquireVsCodeApi = () => ({
    postMessage: (message) => {
      scope.tellSent(message);
    },
    getState: () => undefined,
    setState: () => undefined,
  });
  document.addEventListener('securitypolicyviolation', (event) => {
    scope.tellViolation(`${event.violatedDirective} ${event.blockedURI}`);
  });
  new MutationObserver((_changes, observer) => {
    if (document.querySelector('body') === null) return;
    observer.disconnect();
    document.body.classList.add(theme.bodyClass);
    for (const [name, value] of Object.entries(theme.variables)) {
      document.documentElement.style.setProperty(`--vscode-${name}`, value);
    }
  }).observe(document, { childList: true, subtree: true });
}
