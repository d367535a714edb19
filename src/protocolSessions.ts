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

/** With the issue that it is kept for; null if it is for none, or for one that was deleted. */
export const listedSession = z.extend(session, { issue: z.nullable(issueReference) });
export type ListedSession = z.infer<typeof listedSession>;
