import { userActor } from '../governance/audit.ts';
import type { RequestHandlers } from '../server.ts';
import { listPendingQuestions } from '../store/questionTable.ts';
import type { Store } from '../store/store.ts';
import type { QuestionDesk } from '../wakeups/questionDesk.ts';
import { assertTrusted } from './agentRequests.ts';

type QuestionRequests = Pick<RequestHandlers, 'question.list' | 'question.answer' | 'question.dismiss'>;

/** Requests about what runs ask people. */
export function questionRequests({
  store,
  questions,
}: {
  readonly store: Store;
  readonly questions: QuestionDesk;
}): QuestionRequests {
  return {
    'question.list': ({ before, limit }) => {
      const found = listPendingQuestions(store, { ...(before !== undefined && { before }), limit: limit + 1 });
      return { questions: found.slice(0, limit), hasMore: found.length > limit };
    },
    'question.answer': ({ questionId, answer }, client) => {
      assertTrusted(client);
      return questions.answer(questionId, answer, userActor(client));
    },
    'question.dismiss': async ({ questionId }, client) => {
      assertTrusted(client);
      await questions.dismiss(questionId, userActor(client));
      return {};
    },
  };
}
