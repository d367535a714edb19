import { toError } from '../errors.ts';
import type { Logger } from '../log.ts';
import type { HoldReason } from '../model.ts';
import { findAgent, type AgentRow } from '../store/agentTable.ts';
import { findRun, listUnheldRuns, type RunRow } from '../store/runTable.ts';
import type { StateWriter } from '../store/stateWriter.ts';
import type { Reader } from '../store/store.ts';
import type { Alarm } from './alarm.ts';
import { delayOf, nextStart } from './delays.ts';
import { obstacleOf } from './explain.ts';
import { explainRefusal, judge, type FolderFacts } from './gate.ts';
import { agentFacts, gatherFacts } from './gateFacts.ts';
import { busyReason, sharedReason, toOccupant, type Occupant } from './mutexes.ts';
import type { ClaimedRun, WakeQueue } from './queue.ts';
import type { SlotPool } from './slotPool.ts';
import { WaitingMirror } from './waitingMirror.ts';
import { LaneWalk, type Lane, type WaitingRun } from './waitingRuns.ts';

export interface DispatcherOptions {
  readonly reader: Reader;
  readonly state: Pick<StateWriter, 'follow'>;
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
  /** To be told when something that waits for a time may start. */
  readonly alarm?: Pick<Alarm, 'set'>;
}

/** Runs that one transaction tells that all slots are taken. */
const holdSlice = 500;

type Holds = Map<string, HoldReason | null>;

/**
 * Lets queued runs start: in order of priority and age, as far as gate, mutexes (scope, session, issue, working directory) and slots allow.
 * One pass at a time; whoever asks during a pass gets another one after it. Settling a run asks for the next pass.
 */
export class Dispatcher {
  readonly #options: DispatcherOptions;
  readonly #waiting: WaitingMirror;
  readonly #running = new Map<string, Occupant>();
  /** Those of them that wait for a person: their slots are free, all else of them is occupied. */
  readonly #awaiting = new Set<string>();
  #pass: Promise<void> | null = null;
  #isWanted = false;
  #isClosed = false;
  #idle: (() => void)[] = [];

  constructor(options: DispatcherOptions) {
    this.#options = options;
    this.#waiting = new WaitingMirror(options.reader, options.state);
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
    const { pool } = this.#options;
    if (!this.#running.has(runId)) return;
    if (isWaiting) {
      this.#awaiting.add(runId);
      pool.release(runId);
      void this.dispatch();
    } else if (this.#awaiting.delete(runId)) {
      // It goes on whether there is room or not: a program cannot be put back into a queue. Without room the pool now stands in
      // line; a pass leaves it again where nothing waits, so that other folders do not wait behind nobody.
      if (!pool.take(runId)) void this.dispatch();
    }
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
        this.#options.alarm?.set(nextStart(this.#options.reader, this.#options.queue.now()));
      } catch (error) {
        this.#options.logger.error('Starting queued runs failed', toError(error));
      }
    }
  }

  async #runPass(): Promise<void> {
    if (!this.#isFull) await this.#walk();
    this.#holdRest();
    const { pool } = this.#options;
    if (pool.isFull) this.#waiting.refresh();
    if (!pool.isFull || this.#waiting.runs.size === 0) pool.rest();
  }

  /** Tells those whose turn has not come that there is no slot left. */
  #holdRest(): void {
    for (let reason = this.#fullReason; reason !== null; reason = this.#fullReason) {
      const unheld = listUnheldRuns(this.#options.reader, holdSlice);
      this.#hold(new Map(unheld.map((id) => [id, reason])));
      if (unheld.length < holdSlice) return;
    }
  }

  /** Goes through the queue in its order, until all slots are taken; passes over the rest of an agent that may start nothing. */
  async #walk(): Promise<void> {
    this.#waiting.refresh();
    const holds: Holds = new Map();
    const walk = new LaneWalk(this.#waiting.runs.lanes());
    for (let next = walk.next(); next && !this.#isFull; next = walk.next()) {
      const { lane, run } = next;
      const reason = this.#laneReason(lane) ?? (await this.#consider(run, lane, holds));
      if (reason === null) walk.goOn(lane, run);
      else this.#tell(lane, reason, holds);
    }
    this.#hold(holds);
    if (this.#isFull || this.#waiting.verify()) return;
    this.#options.logger.warn('The queue in memory was not that of the store; it is read again');
    this.#isWanted = true;
  }

  /** Starts a run, settles it, or notes why neither; answers what holds all of its agent's runs if anything turns out to. */
  async #consider(waiting: WaitingRun, lane: Lane, holds: Holds): Promise<'consent' | null> {
    const { reader } = this.#options;
    const run = findRun(reader, waiting.id);
    const agent = run?.status === 'queued' ? findAgent(reader, run.agent) : undefined;
    if (!run || !agent) return null;
    const obstacle =
      this.#obstacle(run, agent) ?? (await this.#consentObstacle(run.id, agent)) ?? this.#claim(run, agent);
    if (obstacle === null || obstacle === 'refused' || obstacle === 'gone') return null;
    if (obstacle === 'consent') return obstacle;
    if (obstacle !== run.heldFor) {
      holds.set(run.id, obstacle);
      lane.told = null;
    }
    return null;
  }

  /** What holds all runs of an agent, whatever they are about; `terminated` ends them. */
  #laneReason({ agent: key, runs }: Lane): HoldReason | 'terminated' | 'gone' | null {
    const agent = this.#waiting.agent(key);
    if (!agent) return 'gone';
    const shared = sharedReason([...this.#running.values()], agent);
    if (shared === 'slots_busy') return shared;
    const isForced = runs.some((run) => run.isForced);
    const { reader, queue } = this.#options;
    const folder = this.#options.facts();
    const facts = { ...folder, ...agentFacts(reader, folder, agent, queue.now()) };
    return obstacleOf(facts, isForced) ?? shared;
  }

  /**
   * Notes of the runs of an agent that none of them may start. Where only others are in the way, it is enough that each was told
   * so once, and that the first one knows what: otherwise each start would be news to all that wait.
   */
  #tell(lane: Lane, reason: HoldReason | 'terminated' | 'gone', holds: Holds): void {
    if (reason === 'gone') return;
    const told = reason === 'terminated' ? null : isOfTurn(reason) ? 'turn' : reason;
    const isNews = told === null || lane.told !== told;
    // Where the agent's own slots are taken, the gate is not asked: `unjudged` are left for when something else is in the way.
    const isJudged = reason !== 'slots_busy';
    const runs = new Set(isNews ? lane.runs : isJudged ? [...lane.fresh, ...lane.unjudged] : lane.fresh);
    const [first] = lane.runs;
    if (told === 'turn' && first && first.heldFor !== reason) runs.add(first);
    for (const run of runs) this.#note(run, reason, holds);
    this.#waiting.runs.noteTold(lane.agent, { told, isJudged });
  }

  /** Notes what a run waits for, or settles it if it may never start; starts nothing. */
  #note(waiting: WaitingRun, reason: HoldReason | 'terminated', holds: Holds): void {
    const { reader } = this.#options;
    const run = findRun(reader, waiting.id);
    const agent = run?.status === 'queued' ? findAgent(reader, run.agent) : undefined;
    if (!run || !agent) return;
    const obstacle = this.#obstacle(run, agent) ?? (reason === 'terminated' ? null : reason);
    if (obstacle !== null && obstacle !== 'refused' && obstacle !== run.heldFor) holds.set(run.id, obstacle);
  }

  #hold(holds: Holds): void {
    this.#waiting.ignoring(() => {
      this.#options.queue.hold(holds);
    });
    for (const [id, reason] of holds) {
      const waiting = this.#waiting.runs.find(id);
      if (waiting) waiting.heldFor = reason;
    }
  }

  get #isFull(): boolean {
    return this.#fullReason !== null;
  }

  get #fullReason(): 'slots_busy' | 'machine_busy' | null {
    if (this.#running.size - this.#awaiting.size >= this.#options.slots) return 'slots_busy';
    return this.#options.pool.isFull ? 'machine_busy' : null;
  }

  /** What keeps a queued run from starting now, consent aside; null if nothing does. Settles a run that may never start. */
  #obstacle(run: RunRow, agent: AgentRow): HoldReason | 'refused' | null {
    const full = this.#fullReason;
    if (full !== null) return full;
    const busy = this.#busyReason(run, agent);
    if (busy === 'slots_busy') return busy;
    const { reader, facts, queue } = this.#options;
    const now = queue.now();
    // What had changed when a tick was admitted need not change again.
    const question = { ...run, at: now, hasChanged: true };
    const verdict = judge(gatherFacts(reader, facts(), agent, question));
    const delay = delayOf(reader, { run, agent, verdict, now });
    if (delay !== null) return delay;
    switch (verdict.kind) {
      case 'hold':
        return verdict.reason;
      case 'refuse':
        queue.refuseQueued(run, verdict.reason, `Not started: ${explainRefusal(verdict.reason)}.`);
        // What the refusal did not concern has a run of its own now.
        this.#isWanted = true;
        return 'refused';
      case 'admit':
        return this.#busyReason(run, agent);
    }
  }

  /**
   * Asked last, because it reads the files that would be executed. That takes a while, in which somebody may have paused the
   * agent or stopped everything: all else is asked again after it.
   */
  async #consentObstacle(runId: string, agent: AgentRow): Promise<HoldReason | 'refused' | 'gone' | null> {
    if (!(await this.#options.isConsented(agent))) return 'consent';
    if (this.#isClosed) return 'draining';
    const { reader } = this.#options;
    const run = findRun(reader, runId);
    const current = findAgent(reader, agent.key);
    if (!current || run?.status !== 'queued') return 'gone';
    if (current.fingerprint !== agent.fingerprint) {
      // What was looked at is not what would be executed any more.
      this.#isWanted = true;
      return 'gone';
    }
    return this.#obstacle(run, current);
  }

  #busyReason(run: RunRow, agent: AgentRow): HoldReason | null {
    return this.#fullReason ?? busyReason([...this.#running.values()], toOccupant(run, agent), agent);
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
      this.#awaiting.delete(run.id);
      pool.release(run.id);
      void this.dispatch();
      this.#options.onDidEnd();
      if (this.#running.size === 0) for (const resolve of this.#idle.splice(0)) resolve();
    });
    return null;
  }
}

const reasonsOfTurn: ReadonlySet<HoldReason> = new Set([
  'slots_busy',
  'machine_busy',
  'provider_busy',
  'scope_busy',
  'session_busy',
  'issue_busy',
  'cwd_busy',
]);

/** True where others are in the way, and nothing that a person would have to do. */
function isOfTurn(reason: HoldReason): boolean {
  return reasonsOfTurn.has(reason);
}
