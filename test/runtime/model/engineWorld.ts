import { mkdirSync, writeFileSync } from 'node:fs';
import { Audit } from '../../../src/runtime/governance/audit.ts';
import { AuditKeys } from '../../../src/runtime/governance/auditKeys.ts';
import type { IssueStatus } from '../../../src/runtime/model.ts';
import { logPathOf } from '../../../src/runtime/runs/executor.ts';
import { recoverLostRuns } from '../../../src/runtime/runs/recovery.ts';
import {
  findAgent,
  putAgentDefinition,
  setAgentState,
  type AgentRow,
  type AgentState,
} from '../../../src/runtime/store/agentTable.ts';
import { deleteBlocker, insertBlocker } from '../../../src/runtime/store/issueBlockerTable.ts';
import { findIssue, insertIssue, nextIssueNumber, setIssueStatus } from '../../../src/runtime/store/issueTable.ts';
import { findRun, listActiveRuns, listRunningRuns } from '../../../src/runtime/store/runTable.ts';
import { deleteSessions } from '../../../src/runtime/store/sessionTable.ts';
import { StateWriter } from '../../../src/runtime/store/stateWriter.ts';
import type { Store } from '../../../src/runtime/store/store.ts';
import { Dispatcher } from '../../../src/runtime/wakeups/dispatcher.ts';
import type { AgentObstacle, FolderFacts } from '../../../src/runtime/wakeups/gate.ts';
import type { WakeRequest } from '../../../src/runtime/wakeups/inbox.ts';
import { WakeQueue, type ClaimedRun } from '../../../src/runtime/wakeups/queue.ts';
import { WakeDesk } from '../../../src/runtime/wakeups/wakeDesk.ts';
import { ManualClock } from '../../support/manualClock.ts';
import { openStoreOn, storeDirectory } from '../../support/memoryStore.ts';
import { boundlessPool } from '../../support/testDispatch.ts';
import { TestLogger } from '../../support/testLogger.ts';
import { UnsyncedDisk } from '../../support/unsyncedDisk.ts';
import { agents, toAgentRow } from './modelAgents.ts';
import { toSettlement, type Outcome } from './outcomes.ts';
import { SessionBook } from './sessionBook.ts';

export const issues = ['I0', 'I1', 'I2'] as const;
const slots = 3;

/** A run that the engine started and the world has not ended yet. */
export interface Execution {
  readonly claimed: ClaimedRun;
  readonly end: () => void;
  /** What its provider had said when it started. */
  readonly limit: Limit | undefined;
}

/** When (epoch ms) a provider said that it lets nothing through, and until when. */
interface Limit {
  readonly since: number;
  readonly until: number;
}

/** What the world saw of the engine, for the invariants; nothing of it comes from the engine's own books. */
export interface Witness {
  /** Wakes that the engine took in: id, scope as asked for, and whether a timer asked. */
  readonly taken: Map<string, { readonly agent: string; readonly isTimer: boolean }>;
  /** Wakes by the run whose prompt had them. */
  readonly prompts: Map<string, string[]>;
  /** Wakes that a person's act gave up. */
  readonly excused: Set<string>;
  /** Wakes that asked for a fresh session. */
  readonly fresh: Set<string>;
  /** What was wrong at a start, in words. */
  readonly faults: string[];
}

/**
 * The engine between desk and executor on a store of its own, and around it a world that the commands of a test change: agents,
 * issues, the folder, the clock, and programs that run until the world ends them.
 */
export class EngineWorld {
  readonly clock = new ManualClock();
  readonly witness: Witness = {
    taken: new Map(),
    prompts: new Map(),
    excused: new Set(),
    fresh: new Set(),
    faults: [],
  };
  readonly executions = new Map<string, Execution>();
  readonly #sessions = new SessionBook();
  /** By agent: what somebody else than the engine holds against it. */
  readonly #obstacles = new Map<string, Set<AgentObstacle>>();
  readonly facts: { -readonly [K in keyof FolderFacts]: FolderFacts[K] } = {
    obstaclesOf: (agent) => this.#obstacles.get(agent) ?? [],
    isStopped: false,
    isDraining: false,
    isTrusted: true,
  };
  /** Agents of which what would be executed is not what was accepted. */
  readonly unaccepted = new Set<string>();
  readonly #disk = new UnsyncedDisk(storeDirectory);
  readonly #logs: string;
  /** Answers that consent checks wait for; only while `isConsentSlow`. */
  readonly #slowChecks: (() => void)[] = [];
  isConsentSlow = false;
  #isSpawnSlow = false;
  readonly #awaiting = new Set<string>();
  /** By issue: the one that it waits for. */
  readonly #blocked = new Map<string, string>();
  /** By agent: what its provider said last. */
  readonly #limits = new Map<string, Limit>();
  /** How each wake ended, as it was first seen. */
  readonly ended = new Map<string, string>();
  store!: Store;
  state!: StateWriter;
  queue!: WakeQueue;
  dispatcher!: Dispatcher;
  desk!: WakeDesk;

  private constructor(logs: string) {
    this.#logs = logs;
  }

  /** @param folder takes what stands for the logs */
  static async open(folder: string): Promise<EngineWorld> {
    mkdirSync(folder, { recursive: true });
    const world = new EngineWorld(folder);
    await world.#start();
    world.state.commit((transaction) => {
      for (const key of agents) putAgentDefinition(transaction, toAgentRow(key, 'claude_local'));
      for (const id of issues) {
        const text = { title: id, body: '', priority: 'medium', location: null } as const;
        const at = { createdAt: 0, updatedAt: 0 };
        insertIssue(transaction, {
          id,
          number: nextIssueNumber(transaction),
          ...text,
          ...at,
          status: 'todo',
          assignee: null,
        });
      }
    });
    return world;
  }

  /** Asks as a person, an assignment, an event or a schedule would. */
  async ask(request: WakeRequest): Promise<void> {
    const admission = this.state.commit((transaction) => this.desk.request(transaction, request, 'runtime'));
    if (admission.refusal === null && admission.status === 'queued') {
      this.witness.taken.set(admission.wakeupId, { agent: request.agent, isTimer: request.source === 'timer' });
    }
    if (request.isFresh === true && admission.refusal === null) this.witness.fresh.add(admission.wakeupId);
    if (request.isFresh === true && admission.status === 'coalesced') this.witness.faults.push('a fresh wish was lost');
    if (request.issueId !== null && this.#isClosed(request.issueId)) this.witness.excused.add(admission.wakeupId);
    await this.pass();
  }

  /** Ends the `index`th of the runs that go on, as its program and its adapter would say. */
  async finish(index: number, outcome: Outcome): Promise<void> {
    const execution = [...this.executions.values()][index % Math.max(1, this.executions.size)];
    if (!execution) return;
    const { id } = execution.claimed.run;
    this.#spawn(execution.claimed);
    const { agent } = execution.claimed.run;
    const now = this.clock.now();
    const settlement = this.#sessions.end(id, toSettlement(outcome, now));
    if (outcome.kind === 'limited') this.#limits.set(agent, { since: now, until: now + outcome.forMs });
    // What began before the limit was reached says nothing of it.
    if (settlement.status === 'succeeded' && execution.limit === this.#limits.get(agent)) this.#limits.delete(agent);
    this.queue.settle(id, settlement);
    this.executions.delete(id);
    execution.end();
    // Settling asks for the next pass by itself.
    await turns();
  }

  /** A person cancels the `index`th run that is queued or goes on. */
  async cancel(index: number): Promise<void> {
    const active = listActiveRuns(this.store);
    const run = active[index % Math.max(1, active.length)];
    if (!run) return;
    this.#excuse('agent = ? AND task_key = ?', [run.agent, run.taskKey]);
    if (run.status === 'queued') this.queue.discard(run.id, 'Cancelled.', 'user:window');
    else {
      this.state.commit((transaction) => this.queue.askForEnd(transaction, run.id, 'user:window'));
      const place = [...this.executions.keys()].indexOf(run.id);
      if (place >= 0) await this.finish(place, { kind: 'cancelled' });
    }
    await this.pass();
  }

  /** The `index`th run that goes on begins or ends to wait for a person. */
  async wait(index: number, isWaiting: boolean): Promise<void> {
    const id = [...this.executions.keys()][index % Math.max(1, this.executions.size)];
    if (id === undefined) return;
    if (isWaiting) this.#awaiting.add(id);
    else this.#awaiting.delete(id);
    this.dispatcher.noteWaiting(id, isWaiting);
    await this.pass();
  }

  /** An issue waits for the one behind it from now on, or for none any more. */
  async setBlocked(id: (typeof issues)[number], isBlocked: boolean): Promise<void> {
    const blocker = issues[issues.indexOf(id) + 1];
    if (blocker === undefined) return;
    this.state.commit((transaction) => {
      if (isBlocked) insertBlocker(transaction, id, blocker);
      else deleteBlocker(transaction, id, blocker);
      transaction.touchIssue(id);
    });
    if (isBlocked) this.#blocked.set(id, blocker);
    else this.#blocked.delete(id);
    await this.pass();
  }

  /** A secret, the lock or the budget stands against an agent from now on, or does not any more. */
  async setObstacle(agent: string, obstacle: AgentObstacle, stands: boolean): Promise<void> {
    const obstacles = this.#obstacles.get(agent) ?? new Set();
    if (stands) obstacles.add(obstacle);
    else obstacles.delete(obstacle);
    this.#obstacles.set(agent, obstacles);
    await this.pass();
  }

  async setAgent(agent: string, state: Extract<AgentState, 'active' | 'paused' | 'tripped'>): Promise<void> {
    this.state.commit((transaction) => {
      setAgentState(transaction, agent, state, null);
      transaction.touchAgent(agent);
    });
    await this.pass();
  }

  async setIssue(id: string, status: 'todo' | 'blocked' | 'done'): Promise<void> {
    this.state.commit((transaction) => {
      setIssueStatus(transaction, id, status, this.clock.now());
      transaction.touchIssue(id);
    });
    if (status === 'done') this.#excuse(`issue_id = ?`, [id]);
    await this.pass();
  }

  /** Whether nothing of an agent and an issue keeps a run from starting. */
  isOpen(key: string, issueId: string | null): boolean {
    const status = issueId === null ? 'todo' : (findIssue(this.store, issueId)?.status ?? 'done');
    if (issueId !== null && this.#waitsForIssue(issueId)) return false;
    if ((this.#obstacles.get(key)?.size ?? 0) > 0) return false;
    return (
      this.#requireAgent(key).state === 'active' &&
      !this.unaccepted.has(key) &&
      !['blocked', 'done', 'cancelled'].includes(status)
    );
  }

  /** Whether the provider of an agent lets nothing through, as the clock has it. */
  isLimited(key: string): boolean {
    const limit = this.#limits.get(key);
    return limit !== undefined && this.clock.now() >= limit.since && this.clock.now() < limit.until;
  }

  resetSessions(agent: string): void {
    this.state.commit((transaction) => {
      deleteSessions(transaction, agent, undefined);
    });
    this.#sessions.reset(agent);
  }

  /** What leads an agent's conversations is another program from now on. */
  async changeAdapter(agent: (typeof agents)[number]): Promise<void> {
    const adapter = this.#requireAgent(agent).definition.adapter === 'codex_local' ? 'claude_local' : 'codex_local';
    this.state.commit((transaction) => {
      putAgentDefinition(transaction, toAgentRow(agent, adapter));
      transaction.touchAgent(agent);
    });
    await this.pass();
  }

  /** Lets consent checks that wait be answered. */
  async answerChecks(): Promise<void> {
    for (const answer of this.#slowChecks.splice(0)) answer();
    await this.pass();
  }

  /** Checks take until `answerChecks` from now on, or are answered at once. */
  async setConsentSlow(isSlow: boolean): Promise<void> {
    this.isConsentSlow = isSlow;
    await this.answerChecks();
  }

  /** Lets the dispatcher do what it can do now. */
  async pass(): Promise<void> {
    const pass = this.dispatcher.dispatch();
    return this.isConsentSlow ? turns() : pass;
  }

  /** Claimed runs have their programs at once from now on, or only once `setSpawnSlow(false)` is called or they end. */
  setSpawnSlow(isSlow: boolean): void {
    this.#isSpawnSlow = isSlow;
    if (!isSlow) for (const { claimed } of this.executions.values()) this.#spawn(claimed);
  }

  /** Time passes on both clocks, or the wall clock is set. */
  async passTime(ms: number, isJump: boolean): Promise<void> {
    if (isJump) this.clock.jump(ms);
    else this.clock.tick(ms);
    await this.pass();
  }

  /** The runtime is killed and another one starts on its store: what ran is lost. */
  async restart(): Promise<void> {
    this.dispatcher.close();
    for (const answer of this.#slowChecks.splice(0)) answer();
    const lost = [...this.executions.values()];
    for (const { claimed } of lost) this.#sessions.lose(claimed.run.id, this.witness.prompts.has(claimed.run.id));
    this.executions.clear();
    this.#awaiting.clear();
    await this.store.durable();
    await this.store.close();
    await this.#start();
    await recoverLostRuns({
      runs: listRunningRuns(this.store),
      trees: { endLostRun: () => Promise.resolve(0) } as never,
      clock: this.clock,
      originOf: () => null,
      logger: new TestLogger(),
      logsDirectory: this.#logs,
      settle: (runId, settlement, isDelivered) => {
        this.queue.settle(runId, settlement, isDelivered);
      },
    });
    for (const { end } of lost) end();
    await this.pass();
  }

  /** Takes every obstacle away and lets all runs succeed until nothing is left to do. */
  async comeToRest(): Promise<void> {
    Object.assign(this.facts, { isStopped: false, isDraining: false, isTrusted: true });
    this.unaccepted.clear();
    this.#obstacles.clear();
    await this.setConsentSlow(false);
    this.setSpawnSlow(false);
    for (const agent of agents) await this.setAgent(agent, 'active');
    for (const issue of issues) await this.setBlocked(issue, false);
    for (const issue of issues) await this.setIssue(issue, 'todo');
    for (let round = 0; round < 2000; round += 1) {
      await this.passTime(60_000, false);
      await this.#confirmAll();
      if (this.executions.size > 0) await this.finish(0, { kind: 'succeeded' });
      else if (listActiveRuns(this.store).length === 0) return;
    }
  }

  /** A person says of all that asks whether it is still wanted: go on. */
  async #confirmAll(): Promise<void> {
    for (const { id, agent, taskKey, issueId } of listActiveRuns(this.store)) {
      if (findRun(this.store, id)?.needsConfirmation !== true) continue;
      const wake = {
        agent,
        taskKey,
        issueId,
        text: null,
        idempotencyKey: null,
        author: 'user',
        isForced: true,
      } as const;
      await this.ask({ ...wake, source: 'on_demand', reason: 'Go on.' });
    }
  }

  async close(): Promise<void> {
    this.dispatcher.close();
    for (const answer of this.#slowChecks.splice(0)) answer();
    for (const { end } of this.executions.values()) end();
    await this.store.close();
  }

  async #start(): Promise<void> {
    this.store = await openStoreOn(this.#disk, { clock: this.clock });
    const { store, clock } = this;
    this.state = new StateWriter(store, () => undefined);
    const audit = new Audit({ store, clock, keys: new AuditKeys() });
    this.queue = new WakeQueue({ state: this.state, clock, audit });
    this.dispatcher = new Dispatcher({
      reader: store,
      state: this.state,
      queue: this.queue,
      logger: new TestLogger(),
      slots,
      pool: boundlessPool,
      facts: () => this.facts,
      isConsented: (agent) => this.#isConsented(agent.key),
      describe: () => 'program',
      execute: (claimed) => this.#execute(claimed),
      onDidEnd: () => undefined,
    });
    const { state, queue, dispatcher } = this;
    this.desk = new WakeDesk({ store, state, queue, dispatcher, facts: () => this.facts, audit });
  }

  async #isConsented(agent: string): Promise<boolean> {
    if (this.isConsentSlow) await new Promise<void>((resolve) => this.#slowChecks.push(resolve));
    return !this.unaccepted.has(agent);
  }

  #execute(claimed: ClaimedRun): Promise<void> {
    const { run } = claimed;
    const isFresh = claimed.wakeups.some(({ id }) => this.witness.fresh.has(id));
    const wrong = this.#sessions.begin(claimed, isFresh, this.clock.now()).map((fault) => `${run.id} started ${fault}`);
    this.witness.faults.push(...this.#faultsOf(claimed), ...wrong);
    if (!this.#isSpawnSlow) this.#spawn(claimed);
    return new Promise((end) => {
      this.executions.set(run.id, { claimed, end, limit: this.#limits.get(run.agent) });
    });
  }

  /** Its program has read its prompt from here on. */
  #spawn({ run, wakeups }: ClaimedRun): void {
    this.witness.prompts.set(
      run.id,
      wakeups.map(({ id }) => id),
    );
    const conversation = this.#sessions.conversationOf(run.id);
    this.state.commit((transaction) => {
      transaction.run('UPDATE run SET session_id = ? WHERE id = ?', [conversation, run.id]);
    });
    writeFileSync(logPathOf(this.#logs, run.id), '');
  }

  /** What should not have been so when this run started. */
  #faultsOf({ run }: ClaimedRun): string[] {
    const others = [...this.executions.values()].map(({ claimed }) => claimed);
    const { definition, state } = this.#requireAgent(run.agent);
    const sameCwd = others.filter(({ agent }) => agent.definition.cwd === definition.cwd && !agent.definition.shareCwd);
    const issue: IssueStatus | null =
      run.issueId === null ? null : (findIssue(this.store, run.issueId)?.status ?? null);
    const busy = others.filter((other) => !this.#awaiting.has(other.run.id));
    const broken = {
      'too many runs': busy.length >= slots,
      'twice on a scope': others.some((other) => other.run.agent === run.agent && other.run.taskKey === run.taskKey),
      'two writers in a directory': !definition.shareCwd && sameCwd.length > 0,
      'more runs of an agent than it may have':
        others.filter((other) => other.run.agent === run.agent).length >= definition.heartbeat.maxConcurrentRuns,
      'while everything is stopped': this.facts.isStopped,
      'while a successor takes over': this.facts.isDraining,
      'without trust': !this.facts.isTrusted,
      'without consent': this.unaccepted.has(run.agent),
      'of a paused agent': state === 'paused',
      'of an agent that stopped itself': state === 'tripped' && !run.isForced,
      'on a closed issue': issue === 'done' || issue === 'cancelled',
      'on a blocked issue': issue === 'blocked' || (run.issueId !== null && this.#waitsForIssue(run.issueId)),
      'on an issue that another run works on':
        run.issueId !== null && others.some((other) => other.run.issueId === run.issueId),
      // A clock that was set back before a delay began knows nothing of it.
      'before its time': (run.notBefore ?? 0) > this.clock.now() && run.queuedAt <= this.clock.now(),
      'against a limit of its provider': !run.isForced && this.isLimited(run.agent),
      'that waits for a word': run.needsConfirmation,
      'without a secret, a key or budget': (this.#obstacles.get(run.agent)?.size ?? 0) > 0,
    };
    return Object.entries(broken)
      .filter(([, isBroken]) => isBroken)
      .map(([fault]) => `${run.id} started ${fault}`);
  }

  #waitsForIssue(issueId: string): boolean {
    const blocker = this.#blocked.get(issueId);
    return blocker !== undefined && !this.#isClosed(blocker);
  }

  #isClosed(issueId: string): boolean {
    const status = findIssue(this.store, issueId)?.status;
    return status === 'done' || status === 'cancelled';
  }

  #requireAgent(key: string): AgentRow {
    const agent = findAgent(this.store, key);
    if (!agent) throw new Error(`There is no agent ${key}.`);
    return agent;
  }

  #excuse(condition: string, params: readonly string[]): void {
    const sql = `SELECT id FROM wakeup WHERE status IN ('queued', 'claimed') AND ${condition}`;
    for (const [id] of this.store.all(sql, params)) this.witness.excused.add(id as string);
  }
}

/** Lets what was asked for in this turn of the event loop happen. */
async function turns(): Promise<void> {
  for (let turn = 0; turn < 3; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}
