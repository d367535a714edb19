/** Whether a wakeup asked for a conversation of its own. */
export const freshSchema = `
  ALTER TABLE wakeup ADD COLUMN is_fresh INTEGER NOT NULL DEFAULT 0
`;
