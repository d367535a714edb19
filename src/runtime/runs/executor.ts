import * as path from 'node:path';
import type { Adapter, Plan, RunRequest } from '../adapters/adapter.ts';
import type { AgentEvent } from '../adapters/events.ts';
import type { Clock } from '../clock.ts';
import type { AgentDefinition } from '../definition.ts';
import { toError } from '../errors.ts';
import type { Logger } from '../log.ts';
import type { Issue, RunUsage, SessionParams } from '../model.ts';
import { emptyLedger, joinLedgers, type Ledger } from '../governance/ledger.ts';
import { parseTotals } from '../governance/sessionTotals.ts';
import type { ProcessIdentity } from '../processIdentity.ts';
import { renderPrompt } from '../prompts/prompt.ts';
import type { WakeNote } from '../prompts/promptVariables.ts';
import type { RunRow, Settlement } from '../store/runTable.ts';
import type { TakenSession } from '../store/sessionTable.ts';
import type { ChangeRecorder } from './changes/changeRecorder.ts';
import { chargeOutcome } from './chargeOutcome.ts';
import type { ChildStarter } from './childStarter.ts';
import { Conversation, type ConversationOptions, type ConversationRecords, type Reply } from './conversation.ts';
import { startPlan, type Execution } from './drivers.ts';
import type { CancelCause, ProcessOutcome } from './processOutcome.ts';
import { LiveUsage } from './liveUsage.ts';
import type { ProcessTrees } from './processTree.ts';
import { RunRedaction, type RunSecrets } from './runSecrets.ts';
import { removeRunFiles, runDirectoryOf, writeRunFiles } from './runFiles.ts';
import { cancelledBetween, failed, notStarted, withoutSecret, withRestart, type RunOutcome } from './runOutcome.ts';
import { decideSessionEnd, hearSession, nothingHeard, type HeardSession } from './sessionEnd.ts';
import { decideRestart, decideSession, type SessionQuestion, type SessionStart } from './sessions.ts';
import { UsageBooks, type BookEvent } from './usageBooks.ts';

/** A claimed run, with all that its start needs. */
export interface Assignment {
  readonly run: RunRow;
  readonly definition: AgentDefinition;
  readonly issue: Issue | null;
  /** Its session, as the last run left it. */
  readonly session: TakenSession;
  /** What its prompt delivers, oldest first. */
  readonly wakeups: readonly WakeNote[];
}

/** The bookkeeping around an execution; each call is one transaction. */
export interface RunRecords {
  noteProcess(runId: string, identity: ProcessIdentity): void;
  /** The conversation that its program is in, as people name it. */
  noteSession(runId: string, sessionId: string): void;
  /** What it has used so far; in no store, shown while it runs. */
  noteUsage(runId: string, usage: RunUsage): void;
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
  books: UsageBooks | null;
  usage: LiveUsage | null;
  /** The names of its conversations that were noted. */
  readonly notedSessions: Set<string>;
  /** Set when somebody asked for its end before it had a process. */
  cancelCause: CancelCause | null;
  /** False if it was not started because something that it needs had gone. */
  isDelivered: boolean;
  readonly redaction: RunRedaction;
}

/** One execution of a run's program: a second one follows if the conversation is gone that the first was to go on with. */
interface Attempt {
  readonly start: SessionStart;
  /** What the attempt before it has used of the run's time, in milliseconds, the size of the log that it left, and what it used. */
  readonly spentMs: number;
  readonly logBytes: number;
  readonly used: Ledger;
}

interface AttemptEnd {
  readonly outcome: ProcessOutcome;
  readonly heard: HeardSession;
}

/** Conversations of one run that are noted while it goes on. */
const mostNotedSessions = 8;

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
    const none = { process: null, conversation: null, books: null, usage: null, cancelCause: null };
    const live: LiveRun = { ...none, notedSessions: new Set(), isDelivered: true, redaction };
    this.#live.set(run.id, live);
    try {
      const outcome = await this.#perform(assignment, live);
      live.usage?.dispose();
      const finishedAt = this.#options.clock.now();
      const message = outcome.message && redaction.text(outcome.message);
      records.settle(run.id, { ...outcome, message, finishedAt }, live.isDelivered);
      await records.durable();
      onDidGrowLog({ runId: run.id, agent: run.agent, bytes: outcome.logBytes, isSettled: true });
    } catch (error) {
      // Only a store that cannot write gets here: nothing more can be recorded, and recovery settles the run later.
      logger.error('A run could not be recorded', run.id, toError(error));
    } finally {
      live.conversation?.dispose();
      live.usage?.dispose();
      live.books?.dispose();
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

  async #perform(assignment: Assignment, live: LiveRun): Promise<RunOutcome> {
    const { run, definition } = assignment;
    const beginning = this.#options.changes.begin(run.id, definition.cwd);
    const outcome = await this.#carryOut(assignment, live, beginning);
    const recording = await beginning;
    if (live.process !== null) return { ...outcome, changes: await recording.finish() };
    recording.dispose();
    return outcome;
  }

  async #carryOut(assignment: Assignment, live: LiveRun, beginning: Promise<unknown>): Promise<RunOutcome> {
    const { records, logger } = this.#options;
    const { run } = assignment;
    try {
      await records.durable();
      await beginning;
      await this.#options.whenReady?.();
      if (live.cancelCause !== null) return notStarted(live.cancelCause);
      return await this.#attempt(assignment, live);
    } catch (error) {
      live.process?.cancel('cancelled_by_stop');
      await live.process?.settled;
      return failed(toError(error), live.process !== null);
    } finally {
      await removeRunFiles(this.#runDirectory(run)).catch((error: unknown) => {
        logger.error('The files of a run could not be removed', run.id, toError(error));
      });
    }
  }

  /** Goes on with the conversation of its session; where that is gone, once more without it. */
  async #attempt(assignment: Assignment, live: LiveRun): Promise<RunOutcome> {
    const { clock } = this.#options;
    const begunAt = clock.monotonic();
    let start = decideSession(this.#question(assignment));
    let end = await this.#runOnce(assignment, live, { start, spentMs: 0, logBytes: 0, used: emptyLedger });
    const again = live.cancelCause === null ? decideRestart(this.#question(assignment), start, end) : null;
    if (again !== null) {
      const { ledger, logBytes } = end.outcome;
      start = again;
      const spentMs = clock.monotonic() - begunAt;
      end = await this.#runOnce(assignment, live, { start, spentMs, logBytes, used: ledger ?? emptyLedger });
      end = { ...end, outcome: withRestart(end.outcome, ledger) };
    }
    const { sessionTotals: totals, ...charged } = await chargeOutcome(end.outcome, {
      definition: assignment.definition,
      formerTotals: parseTotals(start.totals),
      at: clock.now(),
    });
    if (live.process === null) return charged;
    return { ...charged, ...decideSessionEnd(this.#question(assignment), { start, ...end, totals }) };
  }

  #question({ session: taken, definition }: Assignment): SessionQuestion {
    const { adapterOf, clock } = this.#options;
    return { taken, definition, adapter: adapterOf(definition.adapter), now: clock.now() };
  }

  async #runOnce(assignment: Assignment, live: LiveRun, attempt: Attempt): Promise<AttemptEnd> {
    const { run } = assignment;
    let heard = nothingHeard;
    const onEvent = (event: AgentEvent): void => {
      const before = heard;
      heard = hearSession(heard, event);
      if (event.kind === 'session') this.#noteSession(assignment, live, event.params);
      if (before.params === null && heard.params !== null)
        this.#tellOther(assignment, live, attempt.start, heard.params);
    };
    const usage = this.#watchUsage(assignment, attempt);
    live.usage?.dispose();
    live.usage = usage;
    const onUsage = (ledger: Ledger): void => {
      usage.hear(ledger);
    };
    const conversation = this.#converse(assignment, attempt, { onEvent, onUsage });
    live.conversation = conversation;
    const secrets = this.#options.secrets.valuesOf(assignment.definition);
    if (secrets === null) {
      live.isDelivered = attempt.logBytes > 0;
      return { outcome: withoutSecret(attempt.logBytes), heard };
    }
    const plan = this.#plan(assignment, attempt.start, secrets);
    if (plan.kind !== 'http') await writeRunFiles(this.#runDirectory(run), plan.files ?? []);
    if (live.cancelCause !== null) {
      return { outcome: cancelledBetween(live.cancelCause, attempt.logBytes), heard };
    }
    const { redaction } = live;
    const books = this.#openBooks(assignment, plan, { conversation, redaction });
    live.books = books;
    const execution = this.#start(assignment, plan, { conversation, redaction, spentMs: attempt.spentMs });
    live.process = execution;
    if (attempt.start.note !== null) execution.note(attempt.start.note);
    conversation.begin(execution);
    const identity = await execution.started;
    if (identity !== null) this.#options.records.noteProcess(run.id, identity);
    const ended = await execution.settled;
    await books?.finish({ isTold: conversation.hasResult && hasOwnExit(ended) });
    return { outcome: conversation.end(ended), heard };
  }

  /** Tells what it has used, while it goes on. */
  #watchUsage({ run, definition }: Assignment, { start, used }: Attempt): LiveUsage {
    const { clock, records } = this.#options;
    const formerTotals = parseTotals(start.totals);
    return new LiveUsage({
      clock,
      charge: async (ledger) => {
        const whole = used === emptyLedger ? ledger : joinLedgers(used, ledger);
        const { usage } = await chargeOutcome({ ledger: whole }, { definition, formerTotals, at: clock.now() });
        return usage;
      },
      tell: (usage) => {
        records.noteUsage(run.id, usage);
      },
    });
  }

  /** What its program notes of its conversations; null if it keeps no books of this machine. */
  #openBooks(
    { definition }: Assignment,
    plan: Plan,
    { conversation, redaction }: { readonly conversation: Conversation; readonly redaction: RunRedaction },
  ): UsageBooks | null {
    const { adapterOf, clock } = this.#options;
    const { books } = adapterOf(definition.adapter);
    if (books === null || plan.kind === 'http') return null;
    const onEvent = (event: BookEvent): void => {
      conversation.hearBooks(event);
    };
    return new UsageBooks({ books, place: plan, since: clock.now(), clock, redact: redaction.stage, onEvent });
  }

  /** Keeps the name of a conversation from a crash of the runtime; who names one after the other is not noted for ever. */
  #noteSession({ run, definition }: Assignment, live: LiveRun, told: SessionParams): void {
    live.books?.follow(told);
    const { codec } = this.#options.adapterOf(definition.adapter);
    const params = codec.parse(told);
    if (params === null) return;
    const name = codec.displayId(params);
    if (live.notedSessions.has(name) || live.notedSessions.size >= mostNotedSessions) return;
    live.notedSessions.add(name);
    try {
      this.#options.records.noteSession(run.id, name);
    } catch (error) {
      this.#options.logger.error('The conversation of a run could not be noted', run.id, toError(error));
    }
  }

  /** Says so where a program is in another conversation than it was asked to go on with. */
  #tellOther({ definition }: Assignment, live: LiveRun, { resumed }: SessionStart, told: SessionParams): void {
    const { codec } = this.#options.adapterOf(definition.adapter);
    const params = resumed === null ? null : codec.parse(told);
    const sessionId = params && codec.displayId(params);
    if (resumed === null || sessionId === null || sessionId === resumed.sessionId) return;
    live.process?.note(`asked for the conversation ${resumed.sessionId}, and the program is in ${sessionId}`);
  }

  #runDirectory({ id }: RunRow): string {
    return runDirectoryOf(this.#options.logsDirectory, id);
  }

  #converse(
    { run, definition }: Assignment,
    { start, spentMs }: Attempt,
    heard: Required<Pick<ConversationOptions, 'onEvent' | 'onUsage'>>,
  ): Conversation {
    const { adapterOf, records, isAttended, clock, logger } = this.#options;
    const { timeoutSec } = definition;
    return new Conversation({
      runId: run.id,
      reader: adapterOf(definition.adapter).read(definition, start.resumed?.params ?? null),
      ...heard,
      success: adapterOf(definition.adapter).capabilities(definition).success,
      waitMs: definition.waitSec * 1000,
      limitMs: timeoutSec === 0 ? 0 : Math.max(1, timeoutSec * 1000 - spentMs),
      stallMs: definition.stallSec * 1000,
      isAttended,
      records,
      clock,
      logger,
    });
  }

  #plan(assignment: Assignment, start: SessionStart, secrets: RunRequest['secrets']): Plan {
    const { run, definition, issue } = assignment;
    const { adapterOf, workspaceFolder, baseEnvironment } = this.#options;
    return adapterOf(definition.adapter).plan(definition, {
      runId: run.id,
      agentKey: definition.key,
      taskKey: run.taskKey,
      session: start.resumed?.params ?? null,
      sessionRun: start.sessionRun,
      source: run.source,
      reason: run.reason,
      issue,
      prompt: this.#renderPrompt(assignment, start),
      workspaceFolder,
      baseEnvironment,
      secrets,
      runDirectory: this.#runDirectory(run),
    });
  }

  #renderPrompt({ run, definition, issue, wakeups }: Assignment, start: SessionStart): string {
    const { id, taskKey, source, reason, attempt } = run;
    const { sessionRun, isFresh, handover } = start;
    const { workspaceFolder } = this.#options;
    const facts = { definition, run: { id, taskKey, source, reason, attempt, sessionRun }, issue, workspaceFolder };
    return renderPrompt({ ...facts, isFresh, handover, wakeups }, definition);
  }

  #start(
    { run, definition }: Assignment,
    plan: Plan,
    { conversation, redaction, spentMs }: { conversation: Conversation; redaction: RunRedaction; spentMs: number },
  ): Execution {
    const { adapterOf, clock, logger, trees, starter, onDidGrowLog } = this.#options;
    const { isLogged } = adapterOf(definition.adapter);
    const redact = redaction.stage;
    return startPlan(plan, {
      runId: run.id,
      logPath: logPathOf(this.#options.logsDirectory, run.id),
      maxLogBytes: this.#options.maxLogBytes(),
      timeoutSec: definition.timeoutSec,
      spentMs,
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

/** Whether its program lived to tell all that it had to tell. */
function hasOwnExit({ status, exitCode }: ProcessOutcome): boolean {
  return exitCode !== null && (status === 'succeeded' || status === 'failed');
}
