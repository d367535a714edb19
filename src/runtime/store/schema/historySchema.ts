/** What is kept of things that leave no rows of their own, or whose rows are pruned. */
export const historySchema = `
  CREATE TABLE skip_count (
    agent TEXT NOT NULL,
    reason TEXT NOT NULL,
    day INTEGER NOT NULL,
    skips INTEGER NOT NULL,
    last_at INTEGER NOT NULL,
    PRIMARY KEY (agent, reason, day)
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
  ) STRICT
`;
