import * as z from 'zod/mini';
import { agentKey, epochMs } from './protocolEntities.ts';
import type { Simulation } from './runtime/insight.ts';
import { holdReasons, onlyIfKinds } from './runtime/model.ts';

export const simulation = z.object({
  from: epochMs,
  to: epochMs,
  slots: z.number(),
  schedules: z.readonly(
    z.array(
      z.object({
        agent: agentKey,
        heartbeat: z.nullable(z.string()),
        obstacle: z.nullable(z.enum([...holdReasons, 'terminated'])),
        skipsWhenIdle: z.boolean(),
        onlyIf: z.readonly(z.array(z.enum(onlyIfKinds))),
        next: z.readonly(z.array(epochMs)),
        starts: z.number(),
        quiet: z.number(),
        isEstimated: z.boolean(),
        runMs: z.nullable(z.number()),
        costMicros: z.nullable(z.number()),
        isListPrice: z.boolean(),
      }),
    ),
  ),
  days: z.readonly(
    z.array(
      z.object({
        date: z.string(),
        starts: z.number(),
        runMs: z.number(),
        withoutTime: z.number(),
        costMicros: z.number(),
        isListPrice: z.boolean(),
        withoutCost: z.number(),
      }),
    ),
  ),
  collisions: z.readonly(
    z.array(
      z.object({
        agent: agentKey,
        kind: z.enum(['self', 'agent', 'cwd', 'slots']),
        other: z.nullable(z.string()),
        count: z.number(),
        firstAt: epochMs,
      }),
    ),
  ),
  collisionsUntil: epochMs,
}) satisfies z.ZodMiniType<Simulation>;
