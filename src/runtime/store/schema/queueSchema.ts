/** The order of the queue, which a person may change; and the indices that the timeline of an agent walks. */
export const queueSchema = `
  ALTER TABLE run ADD COLUMN place INTEGER NOT NULL DEFAULT 0;
  UPDATE run SET place = number * 1048576 WHERE status IN ('queued', 'running');
  DROP INDEX run_active;
  CREATE INDEX run_active ON run (status, priority, place) WHERE status IN ('queued', 'running');

  CREATE INDEX wakeup_by_agent ON wakeup (agent, number);
  CREATE INDEX activity_agent_change ON activity (agent, number)
    WHERE action NOT IN ('wake.requested', 'run.claimed', 'run.settled');
  CREATE INDEX activity_folder_change ON activity (number) WHERE action IN ('everything.stopped', 'everything.released',
    'runtime.started', 'runtime.stopped', 'clock.jumped', 'state.continued', 'state.restored', 'state.adopted');
  CREATE INDEX skip_by_agent ON skip_count (agent, day, reason)
`;
