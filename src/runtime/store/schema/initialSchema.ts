/** Agents, issues, runs, wakeups and sessions. */
export const initialSchema = `
  CREATE TABLE setting (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;

  CREATE TABLE agent (
    key TEXT PRIMARY KEY,
    position INTEGER NOT NULL,
    definition TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    is_enforced INTEGER NOT NULL,
    state TEXT NOT NULL,
    state_reason TEXT,
    is_absent INTEGER NOT NULL DEFAULT 0,
    next_heartbeat_at INTEGER,
    anchor_at INTEGER NOT NULL,
    last_run_id TEXT,
    last_run_status TEXT,
    last_run_at INTEGER
  ) STRICT;

  CREATE TABLE issue (
    id TEXT PRIMARY KEY,
    number INTEGER NOT NULL UNIQUE,
    title TEXT NOT NULL,
    body TEXT NOT NULL,
    status TEXT NOT NULL,
    priority TEXT NOT NULL,
    assignee TEXT,
    location TEXT,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
  ) STRICT;
  CREATE INDEX issue_by_status ON issue (status, number);

  CREATE TABLE run (
    id TEXT PRIMARY KEY,
    number INTEGER NOT NULL UNIQUE,
    agent TEXT NOT NULL,
    task_key TEXT NOT NULL,
    issue_id TEXT,
    source TEXT NOT NULL,
    reason TEXT NOT NULL,
    priority INTEGER NOT NULL,
    status TEXT NOT NULL,
    held_for TEXT,
    queued_at INTEGER NOT NULL,
    started_at INTEGER,
    finished_at INTEGER,
    cursor INTEGER,
    command_line TEXT NOT NULL DEFAULT '',
    cwd TEXT NOT NULL DEFAULT '',
    pid INTEGER,
    pid_start_time TEXT,
    boot_id TEXT,
    exit_code INTEGER,
    signal TEXT,
    error_code TEXT,
    message TEXT,
    stdout_excerpt TEXT NOT NULL DEFAULT '',
    stderr_excerpt TEXT NOT NULL DEFAULT '',
    log_bytes INTEGER NOT NULL DEFAULT 0,
    is_cancelling INTEGER NOT NULL DEFAULT 0
  ) STRICT;
  CREATE INDEX run_by_agent ON run (agent, number DESC);
  CREATE INDEX run_active ON run (priority, number) WHERE status IN ('queued', 'running');
  CREATE INDEX run_active_by_agent ON run (agent, task_key, status) WHERE status IN ('queued', 'running');

  CREATE TABLE wakeup (
    id TEXT PRIMARY KEY,
    number INTEGER NOT NULL UNIQUE,
    agent TEXT NOT NULL,
    task_key TEXT NOT NULL,
    source TEXT NOT NULL,
    reason TEXT NOT NULL,
    text TEXT,
    issue_id TEXT,
    idempotency_key TEXT,
    status TEXT NOT NULL,
    status_reason TEXT,
    run_id TEXT,
    requested_at INTEGER NOT NULL,
    ended_at INTEGER
  ) STRICT;
  CREATE INDEX wakeup_waiting ON wakeup (agent, task_key, number) WHERE status = 'queued';
  CREATE INDEX wakeup_by_run ON wakeup (run_id);
  CREATE INDEX wakeup_by_key ON wakeup (agent, source, idempotency_key) WHERE idempotency_key IS NOT NULL;

  CREATE TABLE session (
    agent TEXT NOT NULL,
    task_key TEXT NOT NULL,
    adapter TEXT NOT NULL,
    params TEXT NOT NULL,
    runs INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    PRIMARY KEY (agent, task_key, adapter)
  ) STRICT
`;
