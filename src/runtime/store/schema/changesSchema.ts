/** What a run changed in the working tree, in short; JSON of `RunChanges`. The files themselves lie beside its log. */
export const changesSchema = `
  ALTER TABLE run ADD COLUMN changes TEXT
`;
