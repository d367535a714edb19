import * as z from 'zod/mini';
import { agentKey, epochMs } from './protocolEntities.ts';

/** What is known about an agent's set-up, and what a wake now would start. */
export const agentCheck = z.object({
  agent: agentKey,
  adapter: z.string(),
  at: epochMs,
  findings: z.readonly(
    z.array(
      z.object({
        id: z.string(),
        level: z.enum(['ok', 'warning', 'error']),
        text: z.string(),
        fix: z.nullable(z.string()),
      }),
    ),
  ),
  dryRun: z.nullable(
    z.object({
      line: z.string(),
      cwd: z.nullable(z.string()),
      environment: z.readonly(
        z.array(z.object({ name: z.string(), from: z.enum(['base', 'definition', 'secret', 'reveille', 'adapter']) })),
      ),
      prompt: z.string(),
    }),
  ),
});
export type AgentCheck = z.output<typeof agentCheck>;
