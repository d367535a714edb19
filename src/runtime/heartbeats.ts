import { toError } from './errors.ts';
import { DisposableStore } from './lifecycle.ts';
import type { Logger } from './log.ts';
import type { Timers, DueHeartbeat } from './scheduler/timers.ts';
import { findAgent, listAgents, setNextHeartbeat } from './store/agentTable.ts';
import type { StateWriter } from './store/stateWriter.ts';
import type { Store } from './store/store.ts';
import type { WakeDesk } from './wakeups/wakeDesk.ts';

export interface HeartbeatsOptions {
  readonly timers: Timers;
  readonly store: Store;
  readonly state: StateWriter;
  readonly desk: WakeDesk;
  readonly logger: Logger;
}

/**
 * Ties schedules to agents: the definitions in force say when, the store remembers the next time across restarts, and a
 * time that comes becomes a wake like any other.
 */
export class Heartbeats {
  readonly #options: HeartbeatsOptions;
  readonly #subscriptions = new DisposableStore();
  readonly #scheduled = new Set<string>();
  #isStarted = false;

  constructor(options: HeartbeatsOptions) {
    this.#options = options;
  }

  /** Begins to fire; further calls do nothing. */
  start(): void {
    if (this.#isStarted) return;
    this.#isStarted = true;
    const { timers, state, logger } = this.#options;
    this.#subscriptions.add(
      timers.onDidPlan(({ agent, nextAt }) => {
        state.commit((transaction) => {
          setNextHeartbeat(transaction, agent, nextAt);
          transaction.touchAgent(agent);
        });
      }),
    );
    this.#subscriptions.add(
      timers.onDidFallDue((due) => {
        this.#wake(due).catch((error: unknown) => {
          logger.error('A scheduled heartbeat failed', due.agent, toError(error));
        });
      }),
    );
    this.refresh();
    timers.start();
  }

  /** Brings the timers in line with the definitions in force. */
  refresh(): void {
    if (!this.#isStarted) return;
    const { timers, store } = this.#options;
    const rows = listAgents(store).filter((row) => row.isEnforced && !row.isAbsent && row.state !== 'terminated');
    const keys = new Set(rows.map((row) => row.key));
    for (const key of this.#scheduled) {
      if (keys.has(key)) continue;
      timers.remove(key);
      this.#scheduled.delete(key);
    }
    for (const { key, definition, nextHeartbeatAt } of rows) {
      this.#scheduled.add(key);
      timers.set(key, definition.heartbeat, nextHeartbeatAt);
    }
  }

  stop(): void {
    this.#subscriptions.dispose();
    this.#options.timers.dispose();
  }

  async #wake(due: DueHeartbeat): Promise<void> {
    if (!findAgent(this.#options.store, due.agent)) return;
    const request = {
      agent: due.agent,
      source: 'timer',
      reason: describeDue(due),
      text: null,
      issueId: null,
      taskKey: null,
      idempotencyKey: `due:${String(due.plannedAt)}`,
    } as const;
    await this.#options.desk.wake(request, 'runtime');
  }
}

function describeDue({ plannedAt, missed, isCatchUp }: DueHeartbeat): string {
  const planned = new Date(plannedAt).toISOString();
  if (!isCatchUp) return `Scheduled for ${planned}`;
  return `Catching up: ${String(missed)} missed, the last one planned for ${planned}`;
}
