import { activitySchema } from './schema/activitySchema.ts';
import { adapterSchema } from './schema/adapterSchema.ts';
import { changesSchema } from './schema/changesSchema.ts';
import { evidenceSchema } from './schema/evidenceSchema.ts';
import { freshSchema } from './schema/freshSchema.ts';
import { historySchema } from './schema/historySchema.ts';
import { initialSchema } from './schema/initialSchema.ts';
import { queueSchema } from './schema/queueSchema.ts';
import { scheduleSchema } from './schema/scheduleSchema.ts';
import { workSchema } from './schema/workSchema.ts';

/**
 * The schema, step by step. Journals name these by position and replay them: a migration that was released is never
 * edited, only followed by another.
 */
export const migrations: readonly string[] = [
  initialSchema,
  activitySchema,
  historySchema,
  changesSchema,
  scheduleSchema,
  queueSchema,
  workSchema,
  evidenceSchema,
  adapterSchema,
  freshSchema,
];
