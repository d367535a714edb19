import type { Audit } from '../governance/audit.ts';
import { endQuestion, listPendingOf, type QuestionRow } from '../store/questionTable.ts';
import type { StateTransaction } from '../store/stateWriter.ts';

/** Withdraws what an agent, or one run of it, has asked: nobody waits for the answer any more. Part of the caller's transaction. */
export function withdrawQuestions(
  transaction: StateTransaction,
  of: { readonly agent: string; readonly runId?: string },
  tools: { readonly at: number; readonly audit: Audit },
): void {
  withdrawAll(transaction, listPendingOf(transaction, of), tools);
}

/** Withdraws pending questions. */
export function withdrawAll(
  transaction: StateTransaction,
  questions: readonly QuestionRow[],
  { at, audit }: { readonly at: number; readonly audit: Audit },
): void {
  for (const question of questions) {
    endQuestion(transaction, question.id, { status: 'withdrawn', answer: null, at });
    const { id, agent, runId } = question;
    const about = { target: `run:${runId}`, agent, runId, details: { questionId: id } } as const;
    audit.record(transaction, { actor: 'runtime', action: 'question.withdrawn', ...about });
    transaction.touchQuestion(question.id);
  }
}
