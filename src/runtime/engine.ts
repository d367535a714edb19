import { adapterOf } from './adapters/adapters.ts';
import type { BaseEnvironment } from './baseEnvironment.ts';
import type { Clock } from './clock.ts';
import { ChangeWatch } from './changeWatch.ts';
import { commandLine } from './config/describe.ts';
import type { Definitions } from './definitions.ts';
import { Heartbeats } from './heartbeats.ts';
import type { Audit } from './governance/audit.ts';
import type { Disposable } from './lifecycle.ts';
import type { Logger } from './log.ts';
import { findOrigin } from './lostRuns.ts';
import { MachineSlots } from './machineSlots.ts';
import { ChangeRecorder } from './runs/changes/changeRecorder.ts';
import type { ChildStarter } from './runs/childStarter.ts';
import type { ConversationRecords } from './runs/conversation.ts';
import { DirectStarter } from './runs/directStarter.ts';
import { Doctor } from './runs/doctor.ts';
import { Executor } from './runs/executor.ts';
import type { RunSecrets } from './runs/runSecrets.ts';
import { ProcessTrees } from './runs/processTree.ts';
import { recoverLostRuns } from './runs/recovery.ts';
import { SpawnerStarter, usesSpawner, type SpawnerPlace } from './runs/spawner/spawnerStarter.ts';
import type { LiveNotes } from './liveNotes.ts';
import { Timers } from './scheduler/timers.ts';
import { findIssue } from './store/issueTable.ts';
import { listRunningRuns } from './store/runTable.ts';
import type { StateWriter } from './store/stateWriter.ts';
import type { Store } from './store/store.ts';
import { Alarm } from './wakeups/alarm.ts';
import { Dispatcher } from './wakeups/dispatcher.ts';
import type { FolderFacts } from './wakeups/gate.ts';
import { QuestionDesk } from './wakeups/questionDesk.ts';
import { WakeQueue } from './wakeups/queue.ts';
import { recordStall } from './wakeups/stallRecords.ts';
import { WakeDesk } from './wakeups/wakeDesk.ts';

export interface EngineOptions {
  readonly store: Store;
  readonly state: StateWriter;
  readonly definitions: Definitions;
  readonly audit: Audit;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Real path of the workspace folder. */
  readonly workspaceFolder: string;
  readonly logsDirectory: string;
  /** Holds what is needed to see changes of working trees. */
  readonly changesDirectory: string;
  /** The store and the registry: never part of what a run changed. */
  readonly ownDirectories: readonly string[];
  /** Largest log of a run that starts now, in bytes. */
  readonly maxLogBytes: () => number;
  /** What every run gets of the machine, when it starts. */
  readonly environment: Pick<BaseEnvironment, 'current' | 'whenReady'>;
  readonly secrets: RunSecrets;
  /** Without it, programs are started directly. */
  readonly spawner?: SpawnerPlace | undefined;
  /** Runs of the folder at a time. */
  readonly slots: number;
  /** The registry, where the slots of the machine are counted. */
  readonly stateDirectory: string;
  readonly facts: () => FolderFacts;
  readonly onDidGrowLog: (growth: { runId: string; agent: string; bytes: number; isSettled: boolean }) => void;
  /** What running runs say they are at. */
  readonly notes: LiveNotes;
  /** Whether there is somebody who could answer a question of a run. */
  readonly isAttended: () => boolean;
  /** Called after a run has settled and its slot is free. */
  readonly onDidEndRun: () => void;
}

/**
 * What turns wakes into runs: schedules → desk → queue → dispatcher → executor, and back to the dispatcher when a run ends.
 */
export class Engine {
  readonly queue: WakeQueue;
  readonly desk: WakeDesk;
  readonly dispatcher: Dispatcher;
  readonly executor: Executor;
  readonly machineSlots: MachineSlots;
  readonly changes: ChangeRecorder;
  readonly questions: QuestionDesk;
  readonly doctor: Doctor;
  readonly #options: EngineOptions;
  readonly #trees: ProcessTrees;
  readonly #watch: ChangeWatch;
  readonly #starter: ChildStarter & Partial<Disposable>;
  readonly #heartbeats: Heartbeats;
  readonly #alarm: Alarm;

  constructor(options: EngineOptions) {
    const { store, state, clock, logger, facts, audit } = options;
    this.#options = options;
    this.#trees = new ProcessTrees({ clock, logger });
    this.#starter = makeStarter(options);
    this.queue = new WakeQueue({ state, clock, audit });
    this.changes = new ChangeRecorder({
      ...options,
      directory: options.changesDirectory,
      baseEnvironment: options.environment.current,
    });
    this.#watch = new ChangeWatch({ store, audit, clock, changes: this.changes });
    this.executor = this.#makeExecutor();
    this.machineSlots = new MachineSlots({ ...options, onDidFree: () => void this.dispatcher.dispatch() });
    this.#alarm = new Alarm({ clock, onDidRing: () => void this.dispatcher.dispatch() });
    this.dispatcher = this.#makeDispatcher();
    this.desk = new WakeDesk({ store, state, queue: this.queue, dispatcher: this.dispatcher, facts, audit });
    this.questions = this.#makeQuestionDesk();
    this.doctor = this.#makeDoctor();
    const timers = new Timers({ clock, log: logger });
    this.#heartbeats = new Heartbeats({
      timers,
      store,
      state,
      desk: this.desk,
      watch: this.#watch,
      queue: this.queue,
      audit,
      clock,
      logger,
    });
  }

  /** Ends and settles what an earlier runtime left running. Resolves when that is durable. */
  async recover(): Promise<void> {
    const { store, clock, logger, logsDirectory, environment } = this.#options;
    await recoverLostRuns({
      originOf: (run) => findOrigin(store, run, environment.current),
      runs: listRunningRuns(store),
      trees: this.#trees,
      clock,
      logger,
      logsDirectory,
      settle: (runId, settlement, isDelivered) => {
        this.queue.settle(runId, settlement, isDelivered);
      },
    });
    this.#heartbeats.endStranded();
    await store.durable();
  }

  /** Runs of the folder at a time. */
  get slots(): number {
    return this.#options.slots;
  }

  /** What holds for the whole folder at the moment. */
  get facts(): FolderFacts {
    return this.#options.facts();
  }

  /**
   * Begins to keep schedules; further calls do nothing. Not before somebody is trusted: a heartbeat that was missed while the
   * runtime was down would be refused then, and be lost.
   */
  startHeartbeats(): void {
    this.#heartbeats.start();
  }

  /** Follows the definitions in force after they changed. */
  refresh(): void {
    this.#heartbeats.refresh();
    void this.dispatcher.dispatch();
  }

  /** Starts nothing more, cancels what runs, and resolves when it has settled. */
  async stop(): Promise<void> {
    this.#heartbeats.stop();
    this.dispatcher.close();
    this.machineSlots.dispose();
    this.#alarm.dispose();
    this.executor.cancelAll('cancelled_by_stop');
    await this.doctor.stop();
    await this.dispatcher.whenIdle();
    await this.#watch.whenIdle();
    this.#trees.dispose();
    this.#starter.dispose?.();
  }

  #makeQuestionDesk(): QuestionDesk {
    const { store, state, audit, clock } = this.#options;
    return new QuestionDesk({
      store,
      state,
      desk: this.desk,
      audit,
      clock,
      newId: () => this.queue.newId(),
      programs: this.executor,
      onDidWait: (runId, isWaiting) => {
        this.dispatcher.noteWaiting(runId, isWaiting);
      },
    });
  }

  #makeDoctor(): Doctor {
    return new Doctor({
      ...this.#options,
      adapterOf,
      commandLine,
      starter: this.#starter,
      trees: this.#trees,
      newId: () => this.queue.newId(),
      baseEnvironment: () => this.#options.environment.current,
      whenReady: () => this.#options.environment.whenReady(),
    });
  }

  /** What programs tell while they run; the desk is asked only then. */
  #conversationRecords(): ConversationRecords {
    const { state, audit, clock, notes } = this.#options;
    return {
      noteProgress: (runId, text) => {
        notes.set(runId, { text });
      },
      noteStall: (runId, isStalled) => {
        recordStall(runId, isStalled, { state, audit, now: () => clock.now() });
      },
      ask: (runId, question, isWaiting) => this.questions.ask(runId, question, isWaiting),
      stopWaiting: (runId) => {
        this.questions.stopWaiting(runId);
      },
      noteUndelivered: (questionId) => {
        this.questions.wakeWithAnswer(questionId);
      },
    };
  }

  #makeExecutor(): Executor {
    const { store, clock, logger, logsDirectory, workspaceFolder, environment, onDidGrowLog } = this.#options;
    return new Executor({
      records: {
        noteProcess: (runId, identity) => {
          this.queue.noteProcess(runId, identity);
        },
        noteSession: (runId, sessionId) => {
          this.queue.noteSession(runId, sessionId);
        },
        noteUsage: (runId, usage) => {
          this.#options.notes.set(runId, { usage });
        },
        settle: (runId, settlement, isDelivered) => {
          this.#watch.settle(runId, settlement);
          this.#options.notes.delete(runId);
          this.queue.settle(runId, settlement, isDelivered);
        },
        durable: () => store.durable(),
        ...this.#conversationRecords(),
      },
      secrets: this.#options.secrets,
      isAttended: this.#options.isAttended,
      adapterOf,
      trees: this.#trees,
      starter: this.#starter,
      changes: this.#watch,
      clock,
      logger,
      logsDirectory,
      maxLogBytes: this.#options.maxLogBytes,
      workspaceFolder,
      get baseEnvironment() {
        return environment.current;
      },
      whenReady: () => environment.whenReady(),
      onDidGrowLog,
    });
  }

  #makeDispatcher(): Dispatcher {
    const { store, state, logger, slots, facts, definitions, onDidEndRun } = this.#options;
    return new Dispatcher({
      reader: store,
      state,
      queue: this.queue,
      logger,
      slots,
      pool: this.machineSlots,
      facts,
      isConsented: (agent) => definitions.isConsented(agent),
      describe: (agent) => commandLine(agent.definition),
      execute: async ({ run, agent, session, wakeups }) => {
        const issue = run.issueId === null ? null : (findIssue(store, run.issueId) ?? null);
        await this.executor.execute({ run, definition: agent.definition, issue, session, wakeups });
      },
      onDidEnd: onDidEndRun,
      alarm: this.#alarm,
    });
  }
}

function makeStarter({ clock, logger, spawner }: EngineOptions): ChildStarter & Partial<Disposable> {
  const direct = new DirectStarter(clock);
  return usesSpawner(process.platform, spawner) ? new SpawnerStarter({ ...spawner, direct, clock, logger }) : direct;
}
