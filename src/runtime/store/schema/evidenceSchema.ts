/** How each agent's last run left what its `onlyIf` names; without a row it counts as changed. */
export const evidenceSchema = `
  CREATE TABLE evidence (
    agent TEXT NOT NULL,
    kind TEXT NOT NULL,
    value TEXT NOT NULL,
    at INTEGER NOT NULL,
    PRIMARY KEY (agent, kind)
  ) STRICT
`;
