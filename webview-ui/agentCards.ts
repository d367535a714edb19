import type { AgentCard, DashboardState } from '../src/dashboardProtocol.ts';
import { formatRelativeTime } from '../src/format.ts';
import { button } from './controls.ts';
import { element, icon, icons } from './element.ts';
import type { Page } from './page.ts';
import { emptyText, section } from './section.ts';
import { statusMark } from './statusMark.ts';

/** The agents, one card each. */
export function agentCards(state: DashboardState, page: Page): HTMLElement {
  const { t } = page;
  const cards = state.agents.map((agent) => card(agent, state.showFolders, page));
  const content =
    cards.length === 0 ? emptyText(t('No agent is configured yet.')) : element('ul', { className: 'cards' }, ...cards);
  return section({ id: 'agents', title: t('Agents'), count: cards.length }, content);
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

function facts(agent: AgentCard, { t, clock }: Page): HTMLElement {
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
  );
}

function cardButtons(agent: AgentCard, page: Page): HTMLElement[] {
  const { t } = page;
  const subject = { folder: agent.folder, agent: agent.key };
  const buttons: HTMLElement[] = [];
  if (agent.mustReview) {
    buttons.push(
      button(t('Review…'), {
        look: 'primary',
        icon: icon(icons.shield),
        spoken: t('Review {0}', agent.key),
        onPress: () => {
          page.send('review', subject);
        },
      }),
    );
  }
  if (agent.canWake) {
    buttons.push(
      button(t('Wake'), {
        look: 'secondary',
        icon: icon(icons.play),
        spoken: t('Wake {0}', agent.key),
        onPress: () => {
          page.send('wake', subject);
        },
      }),
    );
  }
  if (agent.canResume) {
    buttons.push(
      button(t('Resume'), {
        look: 'secondary',
        icon: icon(icons.play),
        spoken: t('Resume {0}', agent.key),
        onPress: () => {
          page.send('resume', subject);
        },
      }),
    );
  }
  if (agent.canPause) {
    buttons.push(
      button(t('Pause'), {
        look: 'secondary',
        icon: icon(icons.pause),
        spoken: t('Pause {0}', agent.key),
        onPress: () => {
          page.send('pause', subject);
        },
      }),
    );
  }
  return buttons;
}
