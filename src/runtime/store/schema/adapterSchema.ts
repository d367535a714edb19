/**
 * What runs used and which conversation they were in; of each session its conversation, and what was known of it when its last
 * run ended. `totals` is what the agent's program said of the whole conversation, as JSON; `handover` is what the next, fresh
 * one is told. `listed_micros` is the part of `cost_micros` that was reckoned from list prices.
 */
export const adapterSchema = `
  ALTER TABLE run ADD COLUMN adapter TEXT;
  ALTER TABLE run ADD COLUMN usage TEXT;
  ALTER TABLE run ADD COLUMN session_id TEXT;

  ALTER TABLE session ADD COLUMN session_id TEXT;
  ALTER TABLE session ADD COLUMN cwd TEXT;
  ALTER TABLE session ADD COLUMN context_tokens INTEGER;
  ALTER TABLE session ADD COLUMN totals TEXT;
  ALTER TABLE session ADD COLUMN last_run_id TEXT;
  ALTER TABLE session ADD COLUMN handover TEXT;

  ALTER TABLE usage_quarter ADD COLUMN cache_write_tokens INTEGER NOT NULL DEFAULT 0;
  ALTER TABLE usage_quarter ADD COLUMN listed_micros INTEGER NOT NULL DEFAULT 0
`;
