import type { Clock } from '../clock.ts';
import { UserError } from '../errors.ts';
import type { Actor, Audit, AuditAction } from '../governance/audit.ts';
import type { QuestionStatus } from '../model.ts';
import { findIssue } from '../store/issueTable.ts';
import { endQuestion, findQuestion, insertQuestion, listPendingOf, type QuestionRow } from '../store/questionTable.ts';
import { findRun, setRunWaiting } from '../store/runTable.ts';
import type { StateTransaction, StateWriter } from '../store/stateWriter.ts';
import type { Reader, Store } from '../store/store.ts';
import { explainRefusal } from './gate.ts';
import type { WakeRequest } from './inbox.ts';
import type { WakeDesk } from './wakeDesk.ts';
import { withdrawAll } from './withdrawQuestions.ts';

/** Programs that wait for answers at this moment. */
export interface WaitingPrograms {
  /** Whether the program of a run waits for the answer to a question, and for how many it waits. */
  openQuestions(runId: string, questionId: string): { readonly isOpen: boolean; readonly count: number };
  /** Tells the program what became of a question, once `recorded` resolves. */
  reply(
    runId: string,
    questionId: string,
    reply: { readonly kind: 'answer'; readonly answer: string } | { readonly kind: 'dismissed' },
    recorded: Promise<void>,
  ): void;
}

export interface QuestionDeskOptions {
  readonly store: Store;
  readonly state: StateWriter;
  readonly desk: WakeDesk;
  readonly audit: Audit;
  readonly clock: Clock;
  readonly newId: () => string;
  readonly programs: WaitingPrograms;
  /** A running run begins or ends to wait: its slot is free, or is not any more. */
  readonly onDidWait: (runId: string, isWaiting: boolean) => void;
}

/** More open questions of one agent than this are not recorded: nobody would read them. */
const maxPendingOfAgent = 100;

/**
 * Questions of runs, from their asking to their end.
 *
 *     pending ──► answered | dismissed     by a person
 *        └──────► withdrawn                its run was cancelled, or the same was asked again
 *
 * The answer reaches the program while it waits; otherwise it wakes the agent in the same session.
 */
export class QuestionDesk {
  readonly #options: QuestionDeskOptions;

  constructor(options: QuestionDeskOptions) {
    this.#options = options;
  }

  /** Records what a run asks; see `ConversationRecords`. */
  ask(
    runId: string,
    { text, choices }: { readonly text: string; readonly choices: readonly string[] },
    isWaiting: boolean,
  ): string | null {
    const { state, clock, audit, newId, onDidWait } = this.#options;
    const id = state.commit((transaction) => {
      const run = findRun(transaction, runId);
      if (run?.status !== 'running') return null;
      this.#withdrawRepeated(transaction, run, text);
      if (listPendingOf(transaction, run).length >= maxPendingOfAgent) return null;
      const { agent, taskKey, issueId } = run;
      const question = { id: newId(), runId, agent, taskKey, issueId, text, choices, askedAt: clock.now() };
      insertQuestion(transaction, question);
      if (isWaiting && run.waitingSince === null) setRunWaiting(transaction, runId, clock.now());
      const details = { questionId: question.id, choices: choices.length, isWaiting };
      const entry = {
        actor: `agent:${agent}`,
        action: 'question.asked',
        target: `run:${runId}`,
        agent,
        runId,
      } as const;
      audit.record(transaction, { ...entry, details, text });
      transaction.touchQuestion(question.id);
      transaction.touchRun(runId);
      return question.id;
    });
    if (id !== null && isWaiting) onDidWait(runId, true);
    return id;
  }

  /** A run waits no longer; its questions stay. */
  stopWaiting(runId: string): void {
    const { state, onDidWait } = this.#options;
    state.commit((transaction) => {
      setRunWaiting(transaction, runId, null);
      transaction.touchRun(runId);
    });
    onDidWait(runId, false);
  }

  /**
   * Takes a person's answer. Resolves when it is durable: the program gets it, or its agent is woken with it.
   * @throws UserError of kind `not_found`, or `refused` if it has ended already or the agent may not be woken
   */
  async answer(questionId: string, answer: string, by: Actor): Promise<{ readonly message: string }> {
    const { state, store, desk } = this.#options;
    const made = state.commit((transaction) => {
      const question = requirePending(transaction, questionId);
      const isLive = this.#end(transaction, question, { status: 'answered', answer, by });
      return { question, admission: isLive ? null : this.#requestWake(transaction, { ...question, answer }, by) };
    });
    this.#reply(made.question, { kind: 'answer', answer });
    if (made.admission !== null) {
      await desk.settleRequests();
      return { message: desk.explain(made.admission).message };
    }
    await store.durable();
    return { message: `${made.question.agent} goes on with your answer.` };
  }

  /**
   * Ends a question without an answer.
   * @throws UserError of kind `not_found`, or `refused` if it has ended already
   */
  async dismiss(questionId: string, by: Actor): Promise<void> {
    const { state, store } = this.#options;
    const question = state.commit((transaction) => {
      const found = requirePending(transaction, questionId);
      this.#end(transaction, found, { status: 'dismissed', answer: null, by });
      return found;
    });
    this.#reply(question, { kind: 'dismissed' });
    await store.durable();
  }

  /** Wakes the agent with an answer that the program, ending meanwhile, could not get. */
  wakeWithAnswer(questionId: string): void {
    const { state, store, desk } = this.#options;
    const question = findQuestion(store, questionId);
    if (question?.status !== 'answered') return;
    state.commit((transaction) => desk.request(transaction, this.#toWake(transaction, question), 'runtime'));
    void desk.settleRequests();
  }

  #requestWake(transaction: StateTransaction, question: QuestionRow, by: Actor) {
    const admission = this.#options.desk.request(transaction, this.#toWake(transaction, question), by);
    if (admission.refusal === null || admission.refusal === 'duplicate') return admission;
    const why = explainRefusal(admission.refusal);
    throw new UserError(
      'refused',
      `The answer would not reach ${question.agent}: ${why}. The question stays open; dismiss it if it is settled.`,
    );
  }

  #toWake(reader: Reader, { id, agent, taskKey, issueId, text, answer }: QuestionRow): WakeRequest {
    return {
      agent,
      source: 'automation',
      reason: 'Answer to its question',
      text: `You asked in an earlier run:\n\n${text}\n\nThe answer:\n\n${answer ?? ''}`,
      issueId: issueId === null || !findIssue(reader, issueId) ? null : issueId,
      taskKey,
      idempotencyKey: `answer:${id}`,
      author: 'user',
    };
  }

  /** Answers whether a program waits for it. */
  #end(
    transaction: StateTransaction,
    question: QuestionRow,
    end: { readonly status: 'answered' | 'dismissed'; readonly answer: string | null; readonly by: Actor },
  ): boolean {
    const { clock, audit, programs } = this.#options;
    const { id, runId } = question;
    endQuestion(transaction, id, { ...end, at: clock.now() });
    const { isOpen, count } = programs.openQuestions(runId, id);
    if (isOpen && count === 1) setRunWaiting(transaction, runId, null);
    audit.record(transaction, toEntry(question, `question.${end.status}`, end.by, end.answer));
    transaction.touchQuestion(id);
    transaction.touchRun(runId);
    return isOpen;
  }

  #reply({ id, runId }: QuestionRow, reply: Parameters<WaitingPrograms['reply']>[2]): void {
    const { programs, store, onDidWait } = this.#options;
    const { isOpen, count } = programs.openQuestions(runId, id);
    if (!isOpen) return;
    programs.reply(runId, id, reply, store.durable());
    if (count === 1) onDidWait(runId, false);
  }

  /** Who asks the same in the same session again has not seen an answer, and would get two. */
  #withdrawRepeated(
    transaction: StateTransaction,
    { id, agent, taskKey }: { readonly id: string; readonly agent: string; readonly taskKey: string },
    text: string,
  ): void {
    const { clock, audit } = this.#options;
    const repeated = listPendingOf(transaction, { agent }).filter(
      (question) => question.runId !== id && question.taskKey === taskKey && question.text === text,
    );
    withdrawAll(transaction, repeated, { at: clock.now(), audit });
  }
}

function toEntry({ id, agent, runId }: QuestionRow, action: AuditAction, actor: Actor, text: string | null) {
  return { actor, action, target: `run:${runId}`, agent, runId, details: { questionId: id }, text } as const;
}

const endings: Readonly<Record<Exclude<QuestionStatus, 'pending'>, string>> = {
  answered: 'That question was answered already.',
  dismissed: 'That question was dismissed.',
  withdrawn: 'That question was withdrawn: its run was cancelled, or the agent has asked it again.',
};

function requirePending(reader: Reader, id: string): QuestionRow {
  const question = findQuestion(reader, id);
  if (!question) throw new UserError('not_found', 'That question does not exist any more.');
  if (question.status !== 'pending') throw new UserError('refused', endings[question.status]);
  return question;
}
