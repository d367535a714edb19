import { toError } from '../errors.ts';
import type { Logger } from '../log.ts';
import type { HoldReason } from '../model.ts';
import { findAgent, type AgentRow } from '../store/agentTable.ts';
import { listQueuedRuns, listUnheldRuns, type RunRow } from '../store/runTable.ts';
import type { Reader } from '../store/store.ts';
import { explainRefusal, judge, type FolderFacts } from './gate.ts';
import { gatherFacts } from './gateFacts.ts';
import type { ClaimedRun, WakeQueue } from './queue.ts';

export interface DispatcherOptions {
  readonly reader: Reader;
  readonly queue: WakeQueue;
  readonly logger: Logger;
  /** Runs of the folder at a time. */
  readonly slots: number;
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

/** What occupies a slot. */
interface Occupant {
  readonly agent: string;
  readonly taskKey: string;
  /** The directory it alone may write to; null if it shares. */
  readonly cwd: string | null;
}

/**
 * Lets queued runs start: in order of priority and age, as far as gate, mutexes (scope, working directory) and slots allow.
 * One pass at a time; whoever asks during a pass gets another one after it. Settling a run asks for the next pass.
 */
export class Dispatcher {
  readonly #options: DispatcherOptions;
  readonly #running = new Map<string, Occupant>();
  /** Those of them that wait for a person: their slots are free, all else of them is occupied. */
  readonly #waiting = new Set<string>();
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

  /** A run begins or ends to wait for a person. One that goes on may be one more than there are slots. */
  noteWaiting(runId: string, isWaiting: boolean): void {
    if (!isWaiting) this.#waiting.delete(runId);
    else if (this.#running.has(runId)) this.#waiting.add(runId);
    if (isWaiting) void this.dispatch();
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
    while (this.#isFull) {
      const unheld = listUnheldRuns(reader, holdSlice);
      queue.hold(new Map(unheld.map((id) => [id, 'slots_busy'])));
      if (unheld.length < holdSlice) return;
    }
  }

  async #consider(run: RunRow, holds: Map<string, HoldReason | null>): Promise<void> {
    const agent = this.#isFull ? undefined : findAgent(this.#options.reader, run.agent);
    if (!agent) return;
    const obstacle = await this.#obstacle(run, agent);
    if (obstacle === 'refused') return;
    if (obstacle === null) this.#claim(run, agent);
    else if (obstacle !== run.heldFor) holds.set(run.id, obstacle);
  }

  get #isFull(): boolean {
    return this.#running.size - this.#waiting.size >= this.#options.slots;
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
    const occupants = [...this.#running.values()];
    if (this.#isFull) return 'slots_busy';
    const own = occupants.filter((occupant) => occupant.agent === run.agent);
    if (own.some((occupant) => occupant.taskKey === run.taskKey)) return 'scope_busy';
    if (own.length >= agent.definition.heartbeat.maxConcurrentRuns) return 'slots_busy';
    const cwd = exclusiveCwd(agent);
    return cwd !== null && occupants.some((occupant) => occupant.cwd === cwd) ? 'cwd_busy' : null;
  }

  #claim(run: RunRow, agent: AgentRow): void {
    const { queue, describe, execute } = this.#options;
    const claimed = queue.claim(run.id, { commandLine: describe(agent), cwd: agent.definition.cwd });
    if (!claimed) return;
    this.#running.set(run.id, { agent: run.agent, taskKey: run.taskKey, cwd: exclusiveCwd(agent) });
    void execute(claimed).finally(() => {
      this.#running.delete(run.id);
      this.#waiting.delete(run.id);
      void this.dispatch();
      this.#options.onDidEnd();
      if (this.#running.size === 0) for (const resolve of this.#idle.splice(0)) resolve();
    });
  }
}

function exclusiveCwd(agent: AgentRow): string | null {
  return agent.definition.shareCwd ? null : agent.definition.cwd;
}
