/**
 * What makes runs attempts of a chain, wakes the consequence of runs, and issues parts of larger work; limits that providers
 * reported, questions that runs asked, and what an agent repeats without getting on.
 */
export const workSchema = `
  ALTER TABLE run ADD COLUMN chain_id TEXT;
  ALTER TABLE run ADD COLUMN attempt INTEGER NOT NULL DEFAULT 1;
  ALTER TABLE run ADD COLUMN not_before INTEGER;
  ALTER TABLE run ADD COLUMN is_forced INTEGER NOT NULL DEFAULT 0;
  ALTER TABLE run ADD COLUMN needs_confirmation INTEGER NOT NULL DEFAULT 0;
  ALTER TABLE run ADD COLUMN waiting_since INTEGER;
  ALTER TABLE run ADD COLUMN stalled_since INTEGER;
  CREATE INDEX run_by_chain ON run (chain_id) WHERE chain_id IS NOT NULL;
  CREATE INDEX run_delayed ON run (not_before) WHERE status = 'queued' AND not_before IS NOT NULL;

  ALTER TABLE wakeup ADD COLUMN author TEXT NOT NULL DEFAULT 'user';
  ALTER TABLE wakeup ADD COLUMN cause_run_id TEXT;
  ALTER TABLE wakeup ADD COLUMN hops INTEGER NOT NULL DEFAULT 0;

  CREATE INDEX wakeup_beyond_hops ON wakeup (issue_id, requested_at) WHERE status_reason = 'hop_limit';

  UPDATE wakeup SET author = 'runtime' WHERE source IN ('timer', 'automation');

  CREATE TABLE streak (
    agent TEXT NOT NULL,
    task_key TEXT NOT NULL,
    failures INTEGER NOT NULL,
    same_errors INTEGER NOT NULL,
    last_error TEXT,
    unchanged INTEGER NOT NULL,
    PRIMARY KEY (agent, task_key)
  ) STRICT;

  CREATE TABLE rate_limit (
    key TEXT PRIMARY KEY,
    since INTEGER NOT NULL,
    until_at INTEGER NOT NULL,
    strikes INTEGER NOT NULL,
    probe_run_id TEXT,
    reason TEXT NOT NULL
  ) STRICT;

  CREATE TABLE question (
    id TEXT PRIMARY KEY,
    number INTEGER NOT NULL UNIQUE,
    run_id TEXT NOT NULL,
    agent TEXT NOT NULL,
    task_key TEXT NOT NULL,
    issue_id TEXT,
    text TEXT NOT NULL,
    choices TEXT NOT NULL,
    status TEXT NOT NULL,
    answer TEXT,
    asked_at INTEGER NOT NULL,
    ended_at INTEGER
  ) STRICT;
  CREATE INDEX question_pending ON question (number) WHERE status = 'pending';
  CREATE INDEX question_by_run ON question (run_id);

  ALTER TABLE issue ADD COLUMN parent_id TEXT;
  CREATE INDEX issue_by_parent ON issue (parent_id, number) WHERE parent_id IS NOT NULL;

  CREATE TABLE issue_blocker (
    issue_id TEXT NOT NULL,
    blocker_id TEXT NOT NULL,
    PRIMARY KEY (issue_id, blocker_id)
  ) STRICT;
  CREATE INDEX issue_blocker_of ON issue_blocker (blocker_id, issue_id);

  CREATE TABLE issue_comment (
    id TEXT PRIMARY KEY,
    number INTEGER NOT NULL UNIQUE,
    issue_id TEXT NOT NULL,
    author TEXT NOT NULL,
    run_id TEXT,
    text TEXT NOT NULL,
    created_at INTEGER NOT NULL
  ) STRICT;
  CREATE INDEX issue_comment_by_issue ON issue_comment (issue_id, number);

  CREATE TRIGGER question_deleted AFTER DELETE ON question BEGIN
    INSERT INTO deleted_mark (kind, number, id) VALUES ('question', OLD.number, OLD.id)
      ON CONFLICT (kind) DO UPDATE SET number = max(number, excluded.number), id = max(id, excluded.id);
  END;
  CREATE TRIGGER issue_comment_deleted AFTER DELETE ON issue_comment BEGIN
    INSERT INTO deleted_mark (kind, number, id) VALUES ('issue_comment', OLD.number, OLD.id)
      ON CONFLICT (kind) DO UPDATE SET number = max(number, excluded.number), id = max(id, excluded.id);
  END
`;
