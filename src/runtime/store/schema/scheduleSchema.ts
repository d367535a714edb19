/**
 * Named heartbeats: when each schedule falls due next, what each time that it did came to, agent by agent; and the work that
 * schedules ask for before they start anything.
 */
export const scheduleSchema = `
  CREATE TABLE named_schedule (id TEXT PRIMARY KEY, next_at INTEGER NOT NULL) STRICT;

  CREATE TABLE heartbeat_run (
    id TEXT PRIMARY KEY,
    number INTEGER NOT NULL UNIQUE,
    name TEXT NOT NULL,
    planned_at INTEGER NOT NULL,
    triggered_at INTEGER NOT NULL,
    completed_at INTEGER
  ) STRICT;

  CREATE TABLE heartbeat_part (
    heartbeat_run_id TEXT NOT NULL,
    agent TEXT NOT NULL,
    wakeup_id TEXT NOT NULL,
    run_id TEXT,
    outcome TEXT,
    PRIMARY KEY (heartbeat_run_id, agent)
  ) STRICT;
  CREATE INDEX heartbeat_part_open ON heartbeat_part (wakeup_id) WHERE outcome IS NULL;

  CREATE INDEX issue_to_do ON issue (assignee) WHERE status IN ('todo', 'in_progress')
`;
