import type { Change, ChangeBatch, Snapshot } from '../protocol.ts';
import type { Agent, ConfigurationState, Issue, Question, Run, RuntimeState } from '../runtime/model.ts';

/** A client's mirror of one folder's runtime. Immutable: each change makes a new one. */
export interface FolderState {
  readonly sequence: number;
  readonly runtime: RuntimeState;
  readonly configuration: ConfigurationState;
  /** By key, in the order of the configuration. */
  readonly agents: ReadonlyMap<string, Agent>;
  readonly issues: ReadonlyMap<string, Issue>;
  /** By id: active, queued, and recent settled runs. */
  readonly runs: ReadonlyMap<string, Run>;
  /** Those that wait for an answer, by id. */
  readonly questions: ReadonlyMap<string, Question>;
}

/** Settled runs kept in the mirror beyond what the snapshot brought; older ones are queried by page. */
const maxSettledRuns = 200;

export function fromSnapshot(snapshot: Snapshot): FolderState {
  return {
    sequence: snapshot.sequence,
    runtime: snapshot.runtime,
    configuration: snapshot.configuration,
    agents: new Map(snapshot.agents.map((agent) => [agent.key, agent])),
    issues: new Map(snapshot.issues.map((issue) => [issue.id, issue])),
    runs: new Map(snapshot.runs.map((run) => [run.id, run])),
    questions: new Map(snapshot.questions.map((question) => [question.id, question])),
  };
}

/** How a batch fits onto what the client has: apply it, ignore it as known, or ask for what was missed. */
export function fit(state: FolderState, batch: ChangeBatch): 'next' | 'known' | 'gap' {
  if (batch.sequence <= state.sequence) return 'known';
  return batch.previous <= state.sequence ? 'next' : 'gap';
}

/** Applies a batch for which `fit` said `next`. */
export function applyBatch(state: FolderState, batch: ChangeBatch): FolderState {
  const draft: Draft = {
    runtime: state.runtime,
    configuration: state.configuration,
    agents: new Map(state.agents),
    issues: new Map(state.issues),
    runs: new Map(state.runs),
    questions: new Map(state.questions),
  };
  for (const change of batch.changes) applyChange(draft, change);
  dropOldestSettled(draft.runs);
  return { ...draft, sequence: batch.sequence };
}

interface Draft {
  runtime: RuntimeState;
  configuration: ConfigurationState;
  agents: Map<string, Agent>;
  issues: Map<string, Issue>;
  runs: Map<string, Run>;
  questions: Map<string, Question>;
}

function applyChange(draft: Draft, change: Change): void {
  switch (change.kind) {
    case 'agent':
      draft.agents.set(change.value.key, change.value);
      return;
    case 'agentRemoved':
      draft.agents.delete(change.key);
      return;
    case 'issue':
      draft.issues.set(change.value.id, change.value);
      return;
    case 'issueRemoved':
      draft.issues.delete(change.id);
      return;
    case 'run':
      draft.runs.set(change.value.id, change.value);
      return;
    case 'runRemoved':
      draft.runs.delete(change.id);
      return;
    case 'question':
      draft.questions.set(change.value.id, change.value);
      return;
    case 'questionRemoved':
      draft.questions.delete(change.id);
      return;
    case 'configuration':
      draft.configuration = change.value;
      return;
    case 'runtime':
      draft.runtime = change.value;
      return;
  }
}

function dropOldestSettled(runs: Map<string, Run>): void {
  if (runs.size <= maxSettledRuns) return;
  const settled = [...runs.values()].filter((run) => run.finishedAt !== null).sort((a, b) => b.number - a.number);
  for (const run of settled.slice(maxSettledRuns)) runs.delete(run.id);
}
