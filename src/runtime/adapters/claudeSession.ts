import type { SessionCodec } from './adapter.ts';
import { fieldsOf, uuidOf } from './claudeFields.ts';

/** Conversations of claude have UUIDs; anything else would be taken for a title, or for nothing. */
export const claudeSession: SessionCodec = {
  parse: (stored) => {
    const id = uuidOf(fieldsOf(stored)['id']);
    return id === null ? null : { id };
  },
  displayId: ({ id = '' }) => id,
};
