import type { SessionCodec } from './adapter.ts';

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** A conversation of codex: the UUID of its thread, as `id`. Given anything else, codex begins a new thread and says nothing. */
export const codexSession: SessionCodec = {
  parse: (stored) => {
    if (typeof stored !== 'object' || stored === null || !('id' in stored)) return null;
    return typeof stored.id === 'string' && uuid.test(stored.id) ? { id: stored.id.toLowerCase() } : null;
  },
  displayId: ({ id = '' }) => id,
};
