import type { Clock } from '../clock.ts';
import { nextHeartbeatOf } from '../entities.ts';
import type { TimelineCursor, TimelineEntry } from '../insight.ts';
import type { RequestHandlers } from '../server.ts';
import { listAgentChanges, listFolderChanges, type ActivityWithText } from '../store/activityTable.ts';
import type { AgentRow } from '../store/agentTable.ts';
import {
  countQueuedRunsBefore,
  countRuns,
  findFirstQueuedRun,
  listQueuedRuns,
  listRunningRuns,
  listRuns,
  type QueuePlace,
} from '../store/runTable.ts';
import { listSkipDays } from '../store/skipTable.ts';
import type { Reader, Store } from '../store/store.ts';
import { listWakeupsOfAgent, type Wakeup } from '../store/wakeupTable.ts';
import type { FolderFacts } from '../wakeups/gate.ts';
import { explainNow, mergeTimeline, timelineStart, type NowFacts, type TimelineSources } from '../wakeups/explain.ts';
import { agentFacts } from '../wakeups/gateFacts.ts';
import { timerFacts } from '../wakeups/timerFacts.ts';
import { requireAgent } from './agentRequests.ts';

type WhyRequests = Pick<RequestHandlers, 'agent.explain'>;

interface WhyRequestOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly facts: () => FolderFacts;
  /** Whether what would be executed now is what the user accepted; may read files. */
  readonly isConsented: (agent: AgentRow) => Promise<boolean>;
  /** The names of the secrets that an agent lacks. */
  readonly missingSecrets: (agent: string) => readonly string[];
}

/** Characters of a text that a timeline shows. */
const shownCharacters = 300;

/** Requests about why agents wake. */
export function whyRequests(options: WhyRequestOptions): WhyRequests {
  const { store, clock } = options;
  return {
    'agent.explain': async ({ agent: key, before, limit }) => {
      const isConsented = await isAccepted(options, requireAgent(store, key));
      const agent = requireAgent(store, key);
      const cursor = before ?? timelineStart;
      const page = mergeTimeline(readSources(store, key, cursor, limit + 1), cursor, limit);
      const now = explainNow(gatherNow(options, agent, isConsented));
      const lacks = now.kind === 'held' && now.reason === 'secrets' ? options.missingSecrets(key).join(', ') : null;
      const told = now.kind === 'held' && lacks !== null ? { ...now, note: lacks } : now;
      return { agent: key, at: clock.now(), now: told, entries: page.entries, next: page.next };
    },
  };
}

async function isAccepted({ isConsented }: WhyRequestOptions, agent: AgentRow): Promise<boolean> {
  return agent.isEnforced && (await isConsented(agent));
}

function gatherNow({ store, clock, facts }: WhyRequestOptions, agent: AgentRow, isConsented: boolean): NowFacts {
  const { key } = agent;
  const nextHeartbeatAt = nextHeartbeatOf(agent, store);
  const running = listRunningRuns(store).find((run) => run.agent === key);
  const queued = findFirstQueuedRun(store, key);
  return {
    gate: { ...facts(), ...agentFacts(store, facts(), agent, clock.now()), isConsented },
    note: agent.stateReason,

    nextHeartbeatAt,
    willSkip: nextHeartbeatAt === null ? null : skipAt(store, agent, nextHeartbeatAt),
    running: running ? { ...running, startedAt: running.startedAt ?? running.queuedAt } : null,
    queued: queued ?? null,
    queuedCount: countRuns(store, key, 'queued'),
    ahead: queued ? findAhead(store, queued) : null,
  };
}

function findAhead(reader: Reader, run: QueuePlace): NowFacts['ahead'] {
  const runs = countQueuedRunsBefore(reader, run);
  const [first] = runs === 0 ? [] : listQueuedRuns(reader, null, 1);
  return first ? { runs, agent: first.agent, number: first.number } : null;
}

function skipAt(reader: Reader, agent: AgentRow, at: number): NowFacts['willSkip'] {
  const { isQuiet, isIdle } = timerFacts(reader, agent, { source: 'timer', at, hasChanged: false });
  if (isQuiet) return 'quiet_hours';
  return isIdle ? 'nothing_to_do' : null;
}

function readSources(reader: Reader, agent: string, cursor: TimelineCursor, limit: number): TimelineSources {
  const numbered = <T extends { readonly number: number }>(rows: readonly T[], toEntry: (row: T) => TimelineEntry) =>
    rows.map((row) => ({ number: row.number, entry: toEntry(row) }));
  return {
    wakeup: numbered(listWakeupsOfAgent(reader, agent, cursor.wakeup, limit), toWakeupEntry),
    run: numbered(listRuns(reader, { before: cursor.run, agent, limit }), (run) => ({
      kind: 'run',
      at: run.queuedAt,
      run,
    })),
    agentActivity: numbered(listAgentChanges(reader, agent, cursor.agentActivity, limit), toChangeEntry),
    folderActivity: numbered(listFolderChanges(reader, cursor.folderActivity, limit), toChangeEntry),
    skipDay: listSkipDays(reader, agent, cursor.skipDay, limit).map(({ day, lastAt, counts }) => ({
      number: day,
      entry: { kind: 'skips', at: lastAt, counts },
    })),
  };
}

function toWakeupEntry({ requestedAt, text, ...wakeup }: Wakeup): TimelineEntry {
  const { source, reason, status, statusReason, runId, isFresh } = wakeup;
  const hasText = text !== null;
  return { kind: 'wakeup', at: requestedAt, source, reason, status, statusReason, runId, hasText, isFresh };
}

function toChangeEntry({ at, action, actor, text, details }: ActivityWithText): TimelineEntry {
  // Not cut in the middle of a character.
  return {
    kind: 'change',
    at,
    action,
    actor,
    text: text === null ? null : text.slice(0, shownCharacters).toWellFormed(),
    setting: settingOf(details),
  };
}

/** The setting that an entry names, and nothing else of its details. */
function settingOf(details: string): string | null {
  const { setting } = JSON.parse(details) as { readonly setting?: unknown };
  return typeof setting === 'string' ? setting : null;
}
