/**
 * The audit log; see `activityTable.ts`. Texts stand beside the chain with the salt of their hash, so that they can be erased
 * without breaking it. What retention removed is replaced by the one anchor.
 */
export const activitySchema = `
  CREATE TABLE activity (
    number INTEGER PRIMARY KEY,
    at INTEGER NOT NULL,
    actor TEXT NOT NULL,
    action TEXT NOT NULL,
    target TEXT NOT NULL,
    agent TEXT,
    run_id TEXT,
    result TEXT NOT NULL,
    cost_micros INTEGER,
    details TEXT NOT NULL,
    text_hash TEXT,
    key_id TEXT,
    hash TEXT NOT NULL
  ) STRICT;
  CREATE INDEX activity_by_agent ON activity (agent) WHERE agent IS NOT NULL;
  CREATE INDEX activity_by_run ON activity (run_id) WHERE run_id IS NOT NULL;

  CREATE TABLE activity_text (
    number INTEGER PRIMARY KEY,
    salt TEXT NOT NULL,
    text TEXT NOT NULL
  ) STRICT;

  CREATE TABLE activity_anchor (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    last_number INTEGER NOT NULL,
    last_hash TEXT NOT NULL,
    first_at INTEGER NOT NULL,
    last_at INTEGER NOT NULL,
    pruned_at INTEGER NOT NULL,
    key_id TEXT,
    hash TEXT NOT NULL
  ) STRICT
`;
