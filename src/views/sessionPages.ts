import type { ListedSession } from '../protocolSessions.ts';
import type { AskedPages, Question } from './askedPages.ts';

export type SessionPages = AskedPages<ListedSession>;

const pageSize = 200;

/** The newest sessions of each folder. Whatever takes, leaves or resets one also changes its agent. */
export const newestSessions: Question<ListedSession> = {
  watch: ({ agents }) => [...agents.values()],
  ask: async (folder) => (await folder.request('session.list', { limit: pageSize })).sessions,
};
