import * as path from 'node:path';
import type { Adapter, Plan, RunRequest } from '../adapters/adapter.ts';
import type { Clock } from '../clock.ts';
import type { AgentDefinition } from '../definition.ts';
import { toError } from '../errors.ts';
import type { Logger } from '../log.ts';
import type { Issue } from '../model.ts';
import type { ProcessIdentity } from '../processIdentity.ts';
import type { RunRow, Settlement } from '../store/runTable.ts';
import type { ChangeRecorder } from './changes/changeRecorder.ts';
import type { ChildStarter } from './childStarter.ts';
import { Conversation, type ConversationRecords, type Reply } from './conversation.ts';
import { startPlan, type Execution } from './drivers.ts';
import type { CancelCause, ProcessOutcome } from './processOutcome.ts';
import type { ProcessTrees } from './processTree.ts';
import { renderPrompt, type WakeNote } from './prompt.ts';
import { RunRedaction, type RunSecrets } from './runSecrets.ts';
import { removeRunFiles, runDirectoryOf, writeRunFiles } from './runFiles.ts';

/** A claimed run, with all that its start needs. */
export interface Assignment {
  readonly run: RunRow;
  readonly definition: AgentDefinition;
  readonly issue: Issue | null;
  /** Which run of its session this is, counted from 1. */
  readonly sessionRun: number;
  /** What its prompt delivers, oldest first. */
  readonly wakeups: readonly WakeNote[];
}

/** The bookkeeping around an execution; each call is one transaction. */
export interface RunRecords {
  noteProcess(runId: string, identity: ProcessIdentity): void;
  /** @param isDelivered false if its prompt reached nobody and has to reach another run; default true */
  settle(runId: string, settlement: Settlement, isDelivered?: boolean): void;
  /** Resolves when everything recorded so far is durable. */
  durable(): Promise<void>;
}

export interface ExecutorOptions {
  readonly records: RunRecords & ConversationRecords;
  readonly secrets: RunSecrets;
  /** Whether there is somebody who could answer a question. */
  readonly isAttended: () => boolean;
  readonly adapterOf: (type: AgentDefinition['adapter']) => Adapter;
  readonly trees: ProcessTrees;
  readonly starter: ChildStarter;
  readonly changes: Pick<ChangeRecorder, 'begin'>;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Absolute; holds one log per run. */
  readonly logsDirectory: string;
  /** Largest log of a run that starts now, in bytes. */
  readonly maxLogBytes: () => number;
  readonly workspaceFolder: string;
  /** Asked for at each start. */
  readonly baseEnvironment: Readonly<Record<string, string>>;
  /** Resolves when that is known, within seconds. */
  readonly whenReady?: () => Promise<void>;
  readonly onDidGrowLog: (growth: { runId: string; agent: string; bytes: number; isSettled: boolean }) => void;
}

/** A run between its claim and its end. */
interface LiveRun {
  process: Execution | null;
  conversation: Conversation | null;
  /** Set when somebody asked for its end before it had a process. */
  cancelCause: CancelCause | null;
  /** False if it was not started because something that it needs had gone. */
  isDelivered: boolean;
  readonly redaction: RunRedaction;
}

/** Where the log of a run lies. */
export function logPathOf(logsDirectory: string, runId: string): string {
  return path.join(logsDirectory, `${runId}.log`);
}

/**
 * Takes a claimed run through its life: claim durable, working tree looked at → process started → process noted → ended →
 * working tree looked at again → settled → durable.
 * Nothing is started before the claim is on the disk, so a crash can lose no run that did something.
 */
export class Executor {
  readonly #options: ExecutorOptions;
  readonly #live = new Map<string, LiveRun>();

  constructor(options: ExecutorOptions) {
    this.#options = options;
  }

  /** Executes a run until it has settled. Never rejects. */
  async execute(assignment: Assignment): Promise<void> {
    const { run } = assignment;
    const { records, logger, onDidGrowLog } = this.#options;
    const redaction = new RunRedaction(this.#options.secrets, assignment.definition);
    const live: LiveRun = { process: null, conversation: null, cancelCause: null, isDelivered: true, redaction };
    this.#live.set(run.id, live);
    try {
      const outcome = await this.#perform(assignment, live);
      const message = outcome.message && redaction.text(outcome.message);
      records.settle(run.id, { ...outcome, message, finishedAt: this.#options.clock.now() }, live.isDelivered);
      await records.durable();
      onDidGrowLog({ runId: run.id, agent: run.agent, bytes: outcome.logBytes, isSettled: true });
    } catch (error) {
      // Only a store that cannot write gets here: nothing more can be recorded, and recovery settles the run later.
      logger.error('A run could not be recorded', run.id, toError(error));
    } finally {
      live.conversation?.dispose();
      this.#live.delete(run.id);
    }
  }

  /** Whether the program of a run waits for the answer to a question, and for how many it waits. */
  openQuestions(runId: string, questionId: string): { readonly isOpen: boolean; readonly count: number } {
    const conversation = this.#live.get(runId)?.conversation;
    return { isOpen: conversation?.isOpen(questionId) ?? false, count: conversation?.openQuestions ?? 0 };
  }

  /** Tells a program that waits what became of its question, once `recorded` resolves. */
  reply(runId: string, questionId: string, reply: Reply, recorded: Promise<void>): void {
    this.#live.get(runId)?.conversation?.reply(questionId, reply, recorded);
  }

  /** Tells all programs that wait for a person to come back later. */
  stopWaiting(): void {
    for (const { conversation } of this.#live.values()) conversation?.stopWaiting();
  }

  /** Asks for the end of a run; false if it is not executing. */
  cancel(runId: string, cause: CancelCause): boolean {
    const live = this.#live.get(runId);
    if (!live) return false;
    live.cancelCause ??= cause;
    live.process?.cancel(cause);
    return true;
  }

  /** Asks for the end of all runs; answers how many. */
  cancelAll(cause: CancelCause): number {
    for (const runId of this.#live.keys()) this.cancel(runId, cause);
    return this.#live.size;
  }

  async #perform(assignment: Assignment, live: LiveRun): Promise<ProcessOutcome & Pick<Settlement, 'changes'>> {
    const { run, definition } = assignment;
    const beginning = this.#options.changes.begin(run.id, definition.cwd);
    const outcome = await this.#carryOut(assignment, live, beginning);
    const recording = await beginning;
    if (live.process !== null) return { ...outcome, changes: await recording.finish() };
    recording.dispose();
    return outcome;
  }

  async #carryOut(assignment: Assignment, live: LiveRun, beginning: Promise<unknown>): Promise<ProcessOutcome> {
    const { records, logger } = this.#options;
    const { run } = assignment;
    try {
      await records.durable();
      await beginning;
      await this.#options.whenReady?.();
      if (live.cancelCause !== null) return notStarted(live.cancelCause);
      const secrets = this.#options.secrets.valuesOf(assignment.definition);
      if (secrets === null) {
        live.isDelivered = false;
        return withoutSecret;
      }
      live.conversation = this.#converse(assignment);
      const plan = this.#plan(assignment, secrets);
      if (plan.kind !== 'http') await writeRunFiles(this.#runDirectory(run), plan.files ?? []);
      live.process = this.#start(assignment, plan, live.conversation, live.redaction);
      live.conversation.begin(live.process);
      const identity = await live.process.started;
      if (identity !== null) records.noteProcess(run.id, identity);
      return live.conversation.end(await live.process.settled);
    } catch (error) {
      live.process?.cancel('cancelled_by_stop');
      await live.process?.settled;
      return failed(toError(error));
    } finally {
      await removeRunFiles(this.#runDirectory(run)).catch((error: unknown) => {
        logger.error('The files of a run could not be removed', run.id, toError(error));
      });
    }
  }

  #runDirectory({ id }: RunRow): string {
    return runDirectoryOf(this.#options.logsDirectory, id);
  }

  #converse({ run, definition }: Assignment): Conversation {
    const { adapterOf, records, isAttended, clock, logger } = this.#options;
    return new Conversation({
      runId: run.id,
      reader: adapterOf(definition.adapter).read(definition),
      waitMs: definition.waitSec * 1000,
      stallMs: definition.stallSec * 1000,
      isAttended,
      records,
      clock,
      logger,
    });
  }

  #plan({ run, definition, issue, sessionRun, wakeups }: Assignment, secrets: RunRequest['secrets']): Plan {
    const { adapterOf, workspaceFolder, baseEnvironment } = this.#options;
    const { key, role, goal } = definition;
    return adapterOf(definition.adapter).plan(definition, {
      runId: run.id,
      agentKey: key,
      taskKey: run.taskKey,
      session: null,
      sessionRun,
      source: run.source,
      reason: run.reason,
      issue,
      prompt: renderPrompt({ agent: key, role, goal, issue, wakeups }),
      workspaceFolder,
      baseEnvironment,
      secrets,
      runDirectory: this.#runDirectory(run),
    });
  }

  #start({ run, definition }: Assignment, plan: Plan, conversation: Conversation, redaction: RunRedaction): Execution {
    const { adapterOf, clock, logger, trees, starter, onDidGrowLog } = this.#options;
    const { isLogged } = adapterOf(definition.adapter);
    const redact = redaction.stage;
    return startPlan(plan, {
      runId: run.id,
      logPath: logPathOf(this.#options.logsDirectory, run.id),
      maxLogBytes: this.#options.maxLogBytes(),
      timeoutSec: definition.timeoutSec,
      graceSec: definition.graceSec,
      clock,
      logger,
      trees,
      starter,
      ...(isLogged && { isLogged }),
      ...(redact && { redact }),
      onOutput: (chunk, stream) => {
        conversation.hear(chunk, stream);
      },
      onDidGrow: (bytes) => {
        onDidGrowLog({ runId: run.id, agent: run.agent, bytes, isSettled: false });
      },
    });
  }
}

const nothing = { exitCode: null, signal: null, stdoutExcerpt: '', stderrExcerpt: '', logBytes: 0, setback: null };

const withoutSecret: ProcessOutcome = {
  ...nothing,
  status: 'failed',
  errorCode: 'secret_missing',
  message: 'Not started: a secret that it needs was removed at that moment. It starts when the secret is set again.',
};

function notStarted(cause: CancelCause): ProcessOutcome {
  return { ...nothing, status: 'cancelled', errorCode: cause, message: 'Cancelled before it started.' };
}

function failed(error: Error): ProcessOutcome {
  const message = `Reveille could not carry out this run (${error.message}). See its log with "Reveille: Show Log", then wake the agent again.`;
  return { ...nothing, status: 'failed', errorCode: 'internal', message };
}
