/** What is kept of things that leave no rows of their own, or whose rows are pruned; and the indices that pages of lists walk. */
export const historySchema = `
  CREATE TABLE skip_count (
    day INTEGER NOT NULL,
    agent TEXT NOT NULL,
    reason TEXT NOT NULL,
    skips INTEGER NOT NULL,
    last_at INTEGER NOT NULL,
    PRIMARY KEY (day, agent, reason)
  ) STRICT;

  CREATE TABLE usage_quarter (
    quarter INTEGER NOT NULL,
    agent TEXT NOT NULL,
    model TEXT NOT NULL,
    issue_id TEXT NOT NULL,
    runs INTEGER NOT NULL,
    runs_failed INTEGER NOT NULL,
    runs_without_cost INTEGER NOT NULL,
    run_ms INTEGER NOT NULL,
    input_tokens INTEGER NOT NULL,
    cached_tokens INTEGER NOT NULL,
    output_tokens INTEGER NOT NULL,
    cost_micros INTEGER NOT NULL,
    PRIMARY KEY (quarter, agent, model, issue_id)
  ) STRICT;
  CREATE INDEX usage_by_agent ON usage_quarter (agent, quarter);

  ALTER TABLE run ADD COLUMN log_removed_for TEXT;
  ALTER TABLE run ADD COLUMN log_removed_limit INTEGER;

  CREATE TABLE deleted_mark (
    kind TEXT PRIMARY KEY,
    number INTEGER NOT NULL,
    id TEXT NOT NULL
  ) STRICT;
  CREATE TRIGGER run_deleted AFTER DELETE ON run BEGIN
    INSERT INTO deleted_mark (kind, number, id) VALUES ('run', OLD.number, OLD.id)
      ON CONFLICT (kind) DO UPDATE SET number = max(number, excluded.number), id = max(id, excluded.id);
  END;
  CREATE TRIGGER wakeup_deleted AFTER DELETE ON wakeup BEGIN
    INSERT INTO deleted_mark (kind, number, id) VALUES ('wakeup', OLD.number, OLD.id)
      ON CONFLICT (kind) DO UPDATE SET number = max(number, excluded.number), id = max(id, excluded.id);
  END;
  CREATE TRIGGER issue_deleted AFTER DELETE ON issue BEGIN
    INSERT INTO deleted_mark (kind, number, id) VALUES ('issue', OLD.number, OLD.id)
      ON CONFLICT (kind) DO UPDATE SET number = max(number, excluded.number), id = max(id, excluded.id);
  END;

  DROP INDEX run_active;
  CREATE INDEX run_active ON run (status, priority, number) WHERE status IN ('queued', 'running');
  DROP INDEX run_active_by_agent;
  CREATE INDEX run_active_by_agent ON run (agent, task_key, status, number) WHERE status IN ('queued', 'running');
  CREATE INDEX run_unheld ON run (number) WHERE status = 'queued' AND held_for IS NULL;
  CREATE INDEX run_settled ON run (number) WHERE status NOT IN ('queued', 'running');
  CREATE INDEX run_with_log ON run (number, log_bytes) WHERE started_at IS NOT NULL AND finished_at IS NOT NULL AND log_removed_for IS NULL;
  CREATE INDEX run_by_issue ON run (issue_id, number) WHERE issue_id IS NOT NULL;
  DROP INDEX issue_by_status;
  CREATE INDEX issue_open ON issue (number) WHERE status IN ('todo', 'in_progress', 'in_review', 'blocked');
  DROP INDEX wakeup_by_run;
  CREATE INDEX wakeup_by_run ON wakeup (run_id, number);
  DROP INDEX wakeup_by_key;
  CREATE INDEX wakeup_by_key ON wakeup (agent, source, idempotency_key, number) WHERE idempotency_key IS NOT NULL;
  CREATE INDEX session_by_update ON session (updated_at, agent, task_key, adapter);
  CREATE INDEX session_by_agent ON session (agent, updated_at, task_key, adapter)
`;
