import { toError } from '../errors.ts';
import type { Logger } from '../log.ts';
import type { HoldReason } from '../model.ts';
import { findAgent, type AgentRow } from '../store/agentTable.ts';
import { listQueuedRuns, listUnheldRuns, type RunRow } from '../store/runTable.ts';
import type { Reader } from '../store/store.ts';
import { explainRefusal, judge, type FolderFacts } from './gate.ts';
import { gatherFacts } from './gateFacts.ts';
import { busyReason, toOccupant, type Occupant } from './mutexes.ts';
import type { ClaimedRun, WakeQueue } from './queue.ts';
import type { SlotPool } from './slotPool.ts';

export interface DispatcherOptions {
  readonly reader: Reader;
  readonly queue: WakeQueue;
  readonly logger: Logger;
  /** Runs of the folder at a time. */
  readonly slots: number;
  /** Slots that it shares with other folders. */
  readonly pool: SlotPool;
  readonly facts: () => FolderFacts;
  /** Whether what would be executed now is what the user accepted; may read files. */
  readonly isConsented: (agent: AgentRow) => Promise<boolean>;
  readonly describe: (agent: AgentRow) => string;
  /** Executes a claimed run; resolves once it has settled, and never rejects. */
  readonly execute: (claimed: ClaimedRun) => Promise<void>;
  /** Called after a run has settled and its slot is free. */
  readonly onDidEnd: () => void;
}

/** Queued runs looked at together; a pass ends as soon as all slots are taken. */
const pageSize = 16;
/** Runs that one transaction tells that all slots are taken. */
const holdSlice = 500;

/**
 * Lets queued runs start: in order of priority and age, as far as gate, mutexes (scope, session, working directory) and slots allow.
 * One pass at a time; whoever asks during a pass gets another one after it. Settling a run asks for the next pass.
 */
export class Dispatcher {
  readonly #options: DispatcherOptions;
  readonly #running = new Map<string, Occupant>();
  #pass: Promise<void> | null = null;
  #isWanted = false;
  #isClosed = false;
  #idle: (() => void)[] = [];

  constructor(options: DispatcherOptions) {
    this.#options = options;
  }

  get runningCount(): number {
    return this.#running.size;
  }

  /** Resolves when a pass that began after this call has ended. */
  dispatch(): Promise<void> {
    if (this.#isClosed) return Promise.resolve();
    this.#isWanted = true;
    this.#pass ??= this.#passes().finally(() => {
      this.#pass = null;
    });
    return this.#pass;
  }

  /** Starts nothing any more. */
  close(): void {
    this.#isClosed = true;
  }

  /** Resolves when no run is left. */
  async whenIdle(): Promise<void> {
    await this.#pass;
    if (this.#running.size === 0) return;
    await new Promise<void>((resolve) => this.#idle.push(resolve));
  }

  async #passes(): Promise<void> {
    while (this.#isWanted && !this.#isClosed) {
      this.#isWanted = false;
      try {
        await this.#runPass();
      } catch (error) {
        this.#options.logger.error('Starting queued runs failed', toError(error));
      }
    }
  }

  async #runPass(): Promise<void> {
    const { reader, queue } = this.#options;
    const holds = new Map<string, HoldReason | null>();
    for (let page = this.#firstPage(); page.length > 0; page = this.#pageAfter(page)) {
      for (const run of page) await this.#consider(run, holds);
    }
    queue.hold(holds);
    this.#holdRest();
    const isWaiting = this.#options.pool.isFull && listQueuedRuns(reader, null, 1).length > 0;
    if (!isWaiting) this.#options.pool.rest();
  }

  /** Tells those whose turn has not come that there is no slot left. */
  #holdRest(): void {
    const { reader, queue } = this.#options;
    for (let reason = this.#fullReason; reason !== null; reason = this.#fullReason) {
      const unheld = listUnheldRuns(reader, holdSlice);
      queue.hold(new Map(unheld.map((id) => [id, reason])));
      if (unheld.length < holdSlice) return;
    }
  }

  async #consider(run: RunRow, holds: Map<string, HoldReason | null>): Promise<void> {
    const agent = this.#isFull ? undefined : findAgent(this.#options.reader, run.agent);
    if (!agent) return;
    const obstacle = await this.#obstacle(run, agent);
    if (obstacle === 'refused') return;
    const hold = obstacle ?? this.#claim(run, agent);
    if (hold !== null && hold !== run.heldFor) holds.set(run.id, hold);
  }

  get #isFull(): boolean {
    return this.#fullReason !== null;
  }

  get #fullReason(): 'slots_busy' | 'machine_busy' | null {
    if (this.#running.size >= this.#options.slots) return 'slots_busy';
    return this.#options.pool.isFull ? 'machine_busy' : null;
  }

  #firstPage(): RunRow[] {
    return this.#isFull ? [] : listQueuedRuns(this.#options.reader, null, pageSize);
  }

  #pageAfter(page: readonly RunRow[]): RunRow[] {
    const last = page.at(-1);
    if (!last || page.length < pageSize || this.#isFull) return [];
    return listQueuedRuns(this.#options.reader, last, pageSize);
  }

  /** What keeps a queued run from starting now; null if nothing does. Settles a run that may never start. */
  async #obstacle(run: RunRow, agent: AgentRow): Promise<HoldReason | 'refused' | null> {
    if (this.#fullReason !== null) return this.#fullReason;
    const busy = this.#busyReason(run, agent);
    if (busy === 'slots_busy') return busy;
    const { reader, facts, queue } = this.#options;
    const verdict = judge(gatherFacts(reader, facts(), agent, { ...run, at: queue.now() }));
    switch (verdict.kind) {
      case 'hold':
        return verdict.reason;
      case 'refuse':
        this.#options.queue.refuseQueued(run, verdict.reason, `Not started: ${explainRefusal(verdict.reason)}.`);
        return 'refused';
      case 'admit':
        return this.#busyReason(run, agent) ?? (await this.#consentReason(run, agent));
    }
  }

  /** Asked last, because it reads the files that would be executed; what became busy meanwhile is looked at again. */
  async #consentReason(run: RunRow, agent: AgentRow): Promise<HoldReason | null> {
    if (!(await this.#options.isConsented(agent))) return 'consent';
    return this.#isClosed ? 'draining' : this.#busyReason(run, agent);
  }

  #busyReason(run: RunRow, agent: AgentRow): HoldReason | null {
    return this.#fullReason ?? busyReason(this.#running.values(), toOccupant(run, agent), agent);
  }

  /** Answers what it waits for if the last thing that it needs, a slot that folders share, cannot be had. */
  #claim(run: RunRow, agent: AgentRow): HoldReason | null {
    const { queue, pool, describe, execute } = this.#options;
    if (!pool.take(run.id)) return 'machine_busy';
    const claimed = queue.claim(run.id, { commandLine: describe(agent), cwd: agent.definition.cwd });
    if (!claimed) {
      pool.release(run.id);
      return null;
    }
    this.#running.set(run.id, toOccupant(run, agent));
    void execute(claimed).finally(() => {
      this.#running.delete(run.id);
      pool.release(run.id);
      void this.dispatch();
      this.#options.onDidEnd();
      if (this.#running.size === 0) for (const resolve of this.#idle.splice(0)) resolve();
    });
    return null;
  }
}
