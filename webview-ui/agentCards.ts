import type { AgentCard, DashboardState, Tone } from '../src/dashboardProtocol.ts';
import { formatRelativeTime } from '../src/format.ts';
import { button } from './controls.ts';
import { element, icon, icons } from './element.ts';
import { longList } from './longList.ts';
import type { Page } from './page.ts';
import { emptyText, section } from './section.ts';
import { statusMark } from './statusMark.ts';

const mostCards = 12;

/** The agents, one card each. */
export function agentCards(state: DashboardState, page: Page): HTMLElement {
  const { t } = page;
  const draw = (agent: AgentCard): HTMLElement => card(agent, state.showFolders, page);
  const entries = page.wholeLists.has('agents') ? state.agents : pressingFirst(state.agents, mostCards);
  const content =
    entries.length === 0
      ? emptyText(t('No agent is configured yet.'))
      : longList({ id: 'agents', className: 'cards', entries, most: mostCards, draw }, page);
  return section({ id: 'agents', title: t('Agents'), count: entries.length }, content);
}

/** In the order of the configuration; when not all can be shown, those that need somebody or are at work come first. */
function pressingFirst(agents: readonly AgentCard[], most: number): readonly AgentCard[] {
  if (agents.length <= most) return agents;
  const order: Record<Tone, number> = { bad: 0, warning: 1, active: 2, good: 3, neutral: 3 };
  return [...agents].sort((a, b) => order[a.tone] - order[b.tone]);
}

function card(agent: AgentCard, showFolder: boolean, page: Page): HTMLElement {
  const { t } = page;
  const name = element('button', {
    className: 'link card-name',
    text: agent.key,
    title: t('Open the transcript of {0}', agent.key),
    attributes: { type: 'button' },
  });
  name.addEventListener('click', () => {
    page.send('transcript', { folder: agent.folder, agent: agent.key });
  });
  const head = element(
    'div',
    { className: 'card-head' },
    element('h3', {}, name),
    showFolder ? element('span', { className: 'folder', text: agent.folderName }) : null,
  );
  return element(
    'li',
    { className: `card card-${agent.tone}` },
    head,
    element('p', { className: 'role', text: agent.role, title: agent.role }),
    element('div', { className: 'card-status', title: agent.detail }, statusMark(agent.status, agent.tone)),
    facts(agent, page),
    element('div', { className: 'actions' }, ...cardButtons(agent, page)),
  );
}

function facts(agent: AgentCard, page: Page): HTMLElement {
  const { t, clock } = page;
  const next = element('dd', { title: agent.schedule });
  const { nextHeartbeatAt, lastRunAt } = agent;
  if (nextHeartbeatAt === null) next.textContent = t('none planned');
  else clock.keep(next, (now) => formatRelativeTime(Math.max(nextHeartbeatAt, now), now, t));
  const last = element('dd');
  if (lastRunAt === null) last.textContent = agent.lastRun;
  else clock.keep(last, (now) => `${agent.lastRun}, ${formatRelativeTime(lastRunAt, now, t)}`);
  return element(
    'dl',
    { className: 'facts' },
    element('dt', { text: t('Next heartbeat') }),
    next,
    element('dt', { text: t('Last run') }),
    last,
    ...runsToday(agent, page),
  );
}

function runsToday({ today }: AgentCard, { t, clock }: Page): HTMLElement[] {
  if (today === null) return [];
  const figures = element('dd');
  clock.keep(figures, (now) => (now >= today.from && now < today.to ? today.text : t('none yet')));
  return [element('dt', { text: t('Runs today') }), figures];
}

type CardAction = 'review' | 'wake' | 'resume' | 'pause';

function cardButtons(agent: AgentCard, page: Page): HTMLElement[] {
  const { t } = page;
  const actions: [isShown: boolean, action: CardAction, text: string, spoken: string, picture: string][] = [
    [agent.mustReview, 'review', t('Review…'), t('Review {0}', agent.key), icons.shield],
    [agent.canWake, 'wake', t('Wake'), t('Wake {0}', agent.key), icons.play],
    [agent.canResume, 'resume', t('Resume'), t('Resume {0}', agent.key), icons.play],
    [agent.canPause, 'pause', t('Pause'), t('Pause {0}', agent.key), icons.pause],
  ];
  return actions
    .filter(([isShown]) => isShown)
    .map(([, action, text, spoken, picture]) =>
      button(text, {
        look: action === 'review' ? 'primary' : 'secondary',
        icon: icon(picture),
        spoken,
        onPress: () => {
          page.send(action, { folder: agent.folder, agent: agent.key });
        },
      }),
    );
}
