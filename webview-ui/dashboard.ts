import { toPage, type DashboardState, type ToPanel } from '../src/dashboardProtocol.ts';
import { untranslated, type Translate } from '../src/format.ts';
import { activeRuns } from './activeRuns.ts';
import { agentCards } from './agentCards.ts';
import { banners } from './banners.ts';
import { PageClock } from './clock.ts';
import { registerControls } from './controls.ts';
import { header } from './header.ts';
import { issueList } from './issueList.ts';
import type { Page } from './page.ts';
import { recentRuns } from './recentRuns.ts';
import { replaceParts } from './replaceParts.ts';
import { welcome } from './welcome.ts';

declare function acquireVsCodeApi(): { postMessage(message: ToPanel): void };

/** The parts of the page in their order; each is drawn again only when what it is made from changed. */
function partsOf(state: DashboardState, page: Page): Record<string, { from: unknown; draw: () => HTMLElement[] }> {
  const {
    title,
    connection,
    isStopped,
    canStop,
    situation,
    isTrusted,
    pending,
    showFolders,
    agents,
    active,
    recent,
    issues,
  } = state;
  const start = welcome(state, page);
  return {
    header: { from: [title, connection, isStopped, canStop], draw: () => [header(state, page)] },
    banners: { from: [situation, isTrusted, isStopped, pending], draw: () => banners(state, page) },
    welcome: {
      from: start === null ? null : [situation, connection.text],
      draw: () => (start === null ? [] : [start]),
    },
    active: {
      from: start === null ? [active, showFolders] : null,
      draw: () => (start === null ? [activeRuns(state, page)] : []),
    },
    agents: {
      from: start === null ? [agents, showFolders] : null,
      draw: () => (start === null ? [agentCards(state, page)] : []),
    },
    issues: {
      from: start === null ? [issues, showFolders] : null,
      draw: () => (start === null ? [issueList(state, page)] : []),
    },
    recent: {
      from: start === null ? [recent, showFolders] : null,
      draw: () => (start === null ? [recentRuns(state, page)] : []),
    },
  };
}

function readTranslations(): Translate {
  const given: unknown = JSON.parse(document.body.dataset['translations'] ?? '{}');
  const known = new Map(Object.entries(typeof given === 'object' && given !== null ? given : {}));
  return (message, ...args) => {
    const translated: unknown = known.get(message);
    return untranslated(typeof translated === 'string' ? translated : message, ...args);
  };
}

function start(): void {
  registerControls();
  const panel = acquireVsCodeApi();
  const page: Page = {
    t: readTranslations(),
    clock: new PageClock(),
    send: (action, subject) => {
      panel.postMessage(subject === undefined ? { kind: 'command', action } : { kind: 'command', action, subject });
    },
  };
  const root = document.getElementById('dashboard');
  if (root === null) return;
  const show = replaceParts(root);
  window.addEventListener('message', (event: MessageEvent<unknown>) => {
    const message = toPage.safeParse(event.data);
    if (message.success) show(partsOf(message.data.state, page));
  });
  panel.postMessage({ kind: 'ready' });
}

start();
