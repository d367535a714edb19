import type { ChangeWatch } from './changeWatch.ts';
import type { Clock } from './clock.ts';
import { toError } from './errors.ts';
import type { Audit } from './governance/audit.ts';
import { DisposableStore } from './lifecycle.ts';
import type { Logger } from './log.ts';
import { namedSchedules, type NamedSchedule } from './namedSchedules.ts';
import type { ClockGap, DueHeartbeat, MissedHeartbeats, PlannedHeartbeat, Timers } from './scheduler/timers.ts';
import { findAgent, listAgents, setNextHeartbeat, type AgentRow } from './store/agentTable.ts';
import { findNamedNext, listNamedSchedules, listStrandedParts, setNamedNext } from './store/heartbeatTable.ts';
import { countSkip } from './store/skipTable.ts';
import type { StateTransaction, StateWriter } from './store/stateWriter.ts';
import type { Store } from './store/store.ts';
import type { WakeRequest } from './wakeups/inbox.ts';
import { NamedHeartbeats } from './wakeups/namedHeartbeats.ts';
import type { Admission, WakeQueue } from './wakeups/queue.ts';
import type { WakeDesk } from './wakeups/wakeDesk.ts';

export interface HeartbeatsOptions {
  readonly timers: Timers;
  readonly store: Store;
  readonly state: StateWriter;
  readonly desk: WakeDesk;
  readonly watch: Pick<ChangeWatch, 'findUnchanged'>;
  readonly queue: Pick<WakeQueue, 'newId'>;
  readonly audit: Audit;
  readonly clock: Clock;
  readonly logger: Logger;
}

/**
 * Ties schedules to agents: the definitions in force say when, the store remembers the next time across restarts, and a
 * time that comes becomes a wake like any other; of a named heartbeat, one for each of its agents.
 */
export class Heartbeats {
  readonly #options: HeartbeatsOptions;
  readonly #record: NamedHeartbeats;
  readonly #subscriptions = new DisposableStore();
  readonly #scheduled = new Set<string>();
  #named = new Map<string, NamedSchedule>();
  #isStarted = false;
  #isStopped = false;

  constructor(options: HeartbeatsOptions) {
    this.#options = options;
    this.#record = new NamedHeartbeats(options.audit);
  }

  /** Begins to fire; further calls do nothing. */
  start(): void {
    if (this.#isStarted) return;
    this.#isStarted = true;
    const { timers, logger } = this.#options;
    this.#subscriptions.add(
      timers.onDidPlan((planned) => {
        this.#notePlan(planned);
      }),
    );
    this.#subscriptions.add(
      timers.onDidMiss((missed) => {
        this.#noteMissed(missed);
      }),
    );
    this.#subscriptions.add(
      timers.onDidFindGap((gap) => {
        this.#noteGap(gap);
      }),
    );
    this.#subscriptions.add(
      timers.onDidFallDue((due) => {
        this.#wake(due).catch((error: unknown) => {
          logger.error('A scheduled heartbeat failed', due.id, toError(error));
        });
      }),
    );
    this.refresh();
    timers.start();
  }

  /** Brings the timers in line with the definitions in force. */
  refresh(): void {
    this.endStranded();
    if (!this.#isStarted) return;
    const { timers, store } = this.#options;
    const rows = listAgents(store).filter(canBeat);
    const named = namedSchedules(rows);
    this.#named = new Map(named.map((one) => [one.id, one]));
    const wanted = new Set([...rows.map((row) => row.key), ...this.#named.keys()]);
    for (const id of this.#scheduled) {
      if (!wanted.has(id)) timers.remove(id);
    }
    this.#scheduled.clear();
    for (const id of wanted) this.#scheduled.add(id);
    this.#forgetOthers(wanted);
    for (const { key, definition, nextHeartbeatAt } of rows) timers.set(key, definition.heartbeat, nextHeartbeatAt);
    for (const { id, schedule } of named) timers.set(id, schedule, findNamedNext(store, id));
  }

  /** Ends what is left of named heartbeats whose agents have gone. */
  endStranded(): void {
    const { store, state, clock } = this.#options;
    if (listStrandedParts(store).length === 0) return;
    state.commit((transaction) => {
      this.#record.endStranded(transaction, clock.now());
    });
  }

  stop(): void {
    this.#isStopped = true;
    this.#subscriptions.dispose();
    this.#options.timers.dispose();
  }

  #forgetOthers(wanted: ReadonlySet<string>): void {
    const others = listNamedSchedules(this.#options.store).filter((id) => !wanted.has(id));
    if (others.length === 0) return;
    this.#options.state.commit((transaction) => {
      for (const id of others) setNamedNext(transaction, id, null);
    });
  }

  #notePlan({ id, nextAt }: PlannedHeartbeat): void {
    this.#options.state.commit((transaction) => {
      if (this.#named.has(id)) setNamedNext(transaction, id, nextAt);
      else setNextHeartbeat(transaction, id, nextAt);
      for (const agent of this.#agentsOf(id)) transaction.touchAgent(agent);
    });
  }

  #noteMissed({ id, firstAt, missed }: MissedHeartbeats): void {
    const { state, audit, clock } = this.#options;
    const at = clock.now();
    state.commit((transaction) => {
      for (const agent of this.#agentsOf(id)) {
        countSkip(transaction, { agent, reason: 'missed', at, skips: missed });
        transaction.touchAgent(agent);
      }
      if (!this.#wantsCatchUp(id)) return;
      const details = { missed, firstAt };
      audit.record(transaction, {
        ...this.#aboutSchedule(id),
        action: 'heartbeat.missed',
        result: 'too_late',
        details,
      });
    });
  }

  #noteGap({ from, to, gapMs }: ClockGap): void {
    const { state, audit } = this.#options;
    state.commit((transaction) => {
      const details = { from, to, gapMs };
      audit.record(transaction, { actor: 'runtime', action: 'clock.jumped', target: 'runtime', details });
    });
  }

  async #wake(due: DueHeartbeat): Promise<void> {
    const { state, store, desk, watch } = this.#options;
    const depending = this.#requestsOf(due).flatMap((request) => {
      const agent = findAgent(store, request.agent);
      return agent && desk.dependsOnChange(agent, request) ? [agent] : [];
    });
    const unchanged = depending.length === 0 ? nobody : await watch.findUnchanged(depending);
    if (this.#isStopped) return;
    // Meanwhile the configuration may have become another one.
    const named = this.#named.get(due.id);
    if (!named && !findAgent(store, due.id)) return;
    const ask = (transaction: StateTransaction, request: WakeRequest): Admission =>
      desk.request(transaction, request, 'runtime', !unchanged.has(request.agent));
    state.commit((transaction) => {
      if (named) this.#trigger(transaction, named, { due, ask });
      else ask(transaction, this.#ownRequest(due));
      if (due.isCatchUp) this.#recordCatchUp(transaction, due);
    });
    await desk.settleRequests();
  }

  #requestsOf(due: DueHeartbeat): WakeRequest[] {
    const named = this.#named.get(due.id);
    return named ? toRequests(named, due) : [this.#ownRequest(due)];
  }

  #trigger(
    transaction: StateTransaction,
    named: NamedSchedule,
    { due, ask }: { due: DueHeartbeat; ask: (transaction: StateTransaction, request: WakeRequest) => Admission },
  ): void {
    const { queue, clock } = this.#options;
    const { name, members } = named;
    const { plannedAt, missed } = due;
    const requests = toRequests(named, due);
    const isMember = (key: string): boolean => members.some(({ agent }) => agent === key);
    const passedOver = listAgents(transaction)
      .filter(({ key, definition }) => !isMember(key) && definition.namedHeartbeats.some((one) => one.name === name))
      .map(({ key }) => key);
    const trigger = { id: queue.newId(), name, plannedAt, missed, at: clock.now(), requests, passedOver };
    this.#record.trigger(transaction, trigger, (request) => ask(transaction, request));
  }

  #ownRequest(due: DueHeartbeat): WakeRequest {
    return {
      agent: due.id,
      source: 'timer',
      reason: describeDue(due),
      text: null,
      issueId: null,
      taskKey: null,
      idempotencyKey: `due:${String(due.plannedAt)}`,
      author: 'runtime',
    };
  }

  /** The receipt: that heartbeats were missed, and that one was asked for in their place. */
  #recordCatchUp(transaction: StateTransaction, { id, firstAt, plannedAt, missed }: DueHeartbeat): void {
    const details = { missed, firstAt, lastAt: plannedAt };
    this.#options.audit.record(transaction, { ...this.#aboutSchedule(id), action: 'heartbeat.caughtUp', details });
  }

  #aboutSchedule(id: string) {
    const named = this.#named.get(id);
    return named
      ? ({ actor: 'runtime', target: `heartbeat:${named.name}` } as const)
      : ({ actor: 'runtime', target: `agent:${id}`, agent: id } as const);
  }

  #wantsCatchUp(id: string): boolean {
    const schedule = this.#named.get(id)?.schedule ?? findAgent(this.#options.store, id)?.definition.heartbeat;
    return schedule?.catchUp === 'once';
  }

  #agentsOf(id: string): string[] {
    return this.#named.get(id)?.members.map(({ agent }) => agent) ?? [id];
  }
}

const nobody: ReadonlySet<string> = new Set();

/** What each agent of a named heartbeat is asked when it falls due. */
function toRequests({ name, members }: NamedSchedule, due: DueHeartbeat): WakeRequest[] {
  return members.map(({ agent, goal }) => ({
    agent,
    source: 'timer',
    reason: `heartbeat:${name}. ${describeDue(due)}`,
    text: goal,
    issueId: null,
    taskKey: `heartbeat:${name}`,
    idempotencyKey: `due:${name}:${String(due.plannedAt)}`,
    author: 'runtime',
  }));
}

function canBeat({ isEnforced, isAbsent, state }: AgentRow): boolean {
  return isEnforced && !isAbsent && state !== 'terminated';
}

function describeDue({ plannedAt, firstAt, missed, isCatchUp }: DueHeartbeat): string {
  const planned = new Date(plannedAt).toISOString();
  if (!isCatchUp) return `Scheduled for ${planned}`;
  if (missed === 1) return `Catching up: 1 missed, planned for ${planned}`;
  return `Catching up: ${String(missed)} missed, from ${new Date(firstAt).toISOString()} to ${planned}`;
}
