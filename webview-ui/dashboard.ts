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
import { replaceParts, type Part } from './replaceParts.ts';
import { welcome } from './welcome.ts';

declare function acquireVsCodeApi(): {
  postMessage(message: ToPanel): void;
  getState(): unknown;
  setState(state: { wholeLists: string[] }): void;
};

/** The parts of the page in their order; each is drawn again only when what it is made from changed. */
function partsOf(state: DashboardState, page: Page): Record<string, Part> {
  const { title, connection, isStopped, canStop, situation, isTrusted, pending } = state;
  const start = welcome(state, page);
  const list = (id: 'active' | 'agents' | 'issues' | 'recent', draw: typeof agentCards): Part =>
    start === null
      ? { from: [state[id], state.showFolders, page.wholeLists.has(id)], draw: () => [draw(state, page)] }
      : { from: null, draw: () => [] };
  return {
    header: { from: [title, connection, isStopped, canStop], draw: () => [header(state, page)] },
    banners: { from: [situation, isTrusted, isStopped, pending], draw: () => banners(state, page) },
    welcome: {
      from: start === null ? null : [situation, connection.text],
      draw: () => (start === null ? [] : [start]),
    },
    active: list('active', activeRuns),
    agents: list('agents', agentCards),
    issues: list('issues', issueList),
    recent: list('recent', recentRuns),
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

/** The lists that were shown whole when the page was last seen. */
function readWholeLists(given: unknown): Set<string> {
  const lists: unknown = typeof given === 'object' && given !== null && 'wholeLists' in given ? given.wholeLists : [];
  return new Set(Array.isArray(lists) ? lists.filter((id) => typeof id === 'string') : []);
}

function start(): void {
  registerControls();
  const panel = acquireVsCodeApi();
  const root = document.getElementById('dashboard');
  if (root === null) return;
  const wholeLists = readWholeLists(panel.getState());
  const show = replaceParts(root);
  let shown: DashboardState | undefined;
  const draw = (state: DashboardState): void => {
    shown = state;
    show(partsOf(state, page));
  };
  const page: Page = {
    t: readTranslations(),
    clock: new PageClock(),
    send: (action, subject) => {
      panel.postMessage(subject === undefined ? { kind: 'command', action } : { kind: 'command', action, subject });
    },
    wholeLists,
    toggleList: (id) => {
      if (!wholeLists.delete(id)) wholeLists.add(id);
      panel.setState({ wholeLists: [...wholeLists] });
      if (shown !== undefined) draw(shown);
    },
  };
  window.addEventListener('message', (event: MessageEvent<unknown>) => {
    const message = toPage.safeParse(event.data);
    if (message.success) draw(message.data.state);
  });
  panel.postMessage({ kind: 'ready' });
}

start();
