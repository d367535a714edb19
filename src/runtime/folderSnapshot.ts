import type { Change, Snapshot } from '../protocol.ts';
import type { Clock } from './clock.ts';
import { commandLine } from './config/describe.ts';
import type { Definitions } from './definitions.ts';
import { toAgent } from './entities.ts';
import type { LiveNotes } from './liveNotes.ts';
import type { Agent, Run, RuntimeState } from './model.ts';
import { findAgent, listAgents, type AgentRow } from './store/agentTable.ts';
import { findIssue, listIssues } from './store/issueTable.ts';
import { findQuestion, listPendingQuestions } from './store/questionTable.ts';
import { findListedRun, listActiveRuns, listSettledRuns } from './store/runTable.ts';
import type { Touched } from './store/stateWriter.ts';
import type { Store } from './store/store.ts';

const snapshotIssues = 500;
const snapshotRuns = 50;
const snapshotQuestions = 200;

/** Tells clients what the state is: whole as a snapshot, or what a transaction touched as changes. */
export class FolderSnapshot {
  readonly #store: Store;
  readonly #definitions: Definitions;
  readonly #clock: Clock;
  readonly #notes: LiveNotes;

  constructor(store: Store, definitions: Definitions, clock: Clock, notes: LiveNotes) {
    this.#notes = notes;
    this.#store = store;
    this.#clock = clock;
    this.#definitions = definitions;
  }

  take(sequence: number, runtime: RuntimeState): Snapshot {
    return {
      sequence,
      runtime,
      configuration: this.#definitions.state,
      agents: listAgents(this.#store).map((row) => this.#toAgent(row)),
      issues: listIssues(this.#store, { limit: snapshotIssues, includeClosed: false }),
      runs: [...listActiveRuns(this.#store), ...listSettledRuns(this.#store, snapshotRuns)].map((run) =>
        this.#withNote(run),
      ),
      questions: listPendingQuestions(this.#store, { limit: snapshotQuestions }),
    };
  }

  changesOf(touched: Touched): Change[] {
    return [
      ...[...touched.issues].map((id) => this.#issueChange(id)),
      ...[...touched.runs].map((id) => this.#runChange(id)),
      ...[...touched.questions].map((id) => this.#questionChange(id)),
      ...[...touched.agents].map((key) => this.#agentChange(key)),
    ];
  }

  /** One run, when what it says it is at has changed. */
  runChanges(id: string): Change[] {
    return [this.#runChange(id)];
  }

  /** All agents, when something changed that concerns any of them. */
  agentChanges(): Change[] {
    return listAgents(this.#store).map((row) => ({ kind: 'agent', value: this.#toAgent(row) }));
  }

  #issueChange(id: string): Change {
    const value = findIssue(this.#store, id);
    return value ? { kind: 'issue', value } : { kind: 'issueRemoved', id };
  }

  #runChange(id: string): Change {
    const value = findListedRun(this.#store, id);
    return value ? { kind: 'run', value: this.#withNote(value) } : { kind: 'runRemoved', id };
  }

  /** Clients know of pending ones only. */
  #questionChange(id: string): Change {
    const value = findQuestion(this.#store, id);
    return value?.status === 'pending' ? { kind: 'question', value } : { kind: 'questionRemoved', id };
  }

  #withNote(run: Run): Run {
    if (run.status !== 'running') return run;
    const { text = run.message, usage = run.usage } = this.#notes.get(run.id);
    return { ...run, message: text, usage };
  }

  #agentChange(key: string): Change {
    const row = findAgent(this.#store, key);
    return row ? { kind: 'agent', value: this.#toAgent(row) } : { kind: 'agentRemoved', key };
  }

  #toAgent(row: AgentRow): Agent {
    return toAgent(row, {
      reader: this.#store,
      now: this.#clock.now(),
      isPending: this.#definitions.isPending(row.key),
      commandLine: commandLine(row.definition),
    });
  }
}
