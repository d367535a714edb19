/** The audit log; see `activityTable.ts`. Long texts stand beside the chain, so that they can be erased without breaking it. */
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
  CREATE INDEX activity_by_agent ON activity (agent, number DESC);
  CREATE INDEX activity_by_run ON activity (run_id) WHERE run_id IS NOT NULL;

  CREATE TABLE activity_text (
    number INTEGER PRIMARY KEY,
    text TEXT NOT NULL
  ) STRICT
`;
