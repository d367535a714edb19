/** What the protocol tells of sessions. */
import * as z from 'zod/mini';
import { agentKey, epochMs, issueReference } from './protocolEntities.ts';
import type { Session } from './runtime/model.ts';

export const session = z.object({
  agent: agentKey,
  taskKey: z.string(),
  adapter: z.string(),
  runs: z.number(),
  createdAt: epochMs,
  updatedAt: epochMs,
  sessionId: z.nullable(z.string()),
  cwd: z.nullable(z.string()),
  contextTokens: z.nullable(z.number()),
}) satisfies z.ZodMiniType<Session>;

/** With what a person goes on with a conversation in a terminal, as far as the agent's accepted definition says it. */
const continuation = z.object({
  /** A name, or an absolute path. */
  program: z.string(),
  env: z.record(z.string(), z.string()),
});

/**
 * With the issue that it is kept for; null if it is for none, or for one that was deleted. `continuation` is null for agents, where
 * nothing was accepted yet, and where the adapter has no program for it.
 */
export const listedSession = z.extend(session, {
  issue: z.nullable(issueReference),
  continuation: z.nullable(continuation),
});
export type ListedSession = z.infer<typeof listedSession>;
