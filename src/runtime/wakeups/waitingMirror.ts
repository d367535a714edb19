import { findAgent, type AgentRow } from '../store/agentTable.ts';
import { findQueuedPlace, listQueuedPlaces } from '../store/runTable.ts';
import type { StateWriter, Touched } from '../store/stateWriter.ts';
import type { Reader } from '../store/store.ts';
import { WaitingRuns } from './waitingRuns.ts';

/**
 * Keeps the queue in memory in line with the store: read whole once, then what each transaction touched. What is started is read
 * from the store all the same; here only its order and what may be passed over come from.
 */
export class WaitingMirror {
  readonly runs = new WaitingRuns();
  readonly #reader: Reader;
  readonly #touched = { runs: new Set<string>(), agents: new Set<string>(), issues: new Set<string>() };
  readonly #agents = new Map<string, { readonly row: AgentRow; readonly facts: string }>();
  #isLoaded = false;
  /** Read, and not yet verified. */
  #isNew = false;

  constructor(reader: Reader, state: Pick<StateWriter, 'follow'>) {
    this.#reader = reader;
    state.follow((touched) => {
      this.#note(touched);
    });
  }

  /** Takes over what happened since the last call. */
  refresh(): void {
    if (!this.#isLoaded) this.#load();
    const { runs, agents, issues } = this.#touched;
    for (const id of runs) {
      const queued = findQueuedPlace(this.#reader, id);
      if (queued) this.runs.put(queued);
      else this.runs.remove(id);
    }
    for (const id of issues) this.runs.noteIssue(id);
    for (const key of agents) this.#refreshAgent(key);
    for (const touched of [runs, agents, issues]) touched.clear();
  }

  /** What is in force for an agent with queued runs; undefined for one that was deleted. */
  agent(key: string): AgentRow | undefined {
    const known = this.#agents.get(key)?.row;
    if (known) return known;
    const row = findAgent(this.#reader, key);
    if (row) this.#agents.set(key, { row, facts: factsOf(row) });
    return row;
  }

  /** Runs a transaction that only notes what runs wait for, as the caller knows already. */
  ignoring(work: () => void): void {
    const before = new Set(this.#touched.runs);
    work();
    for (const id of this.#touched.runs) if (!before.has(id)) this.#touched.runs.delete(id);
  }

  /**
   * Whether the store's first queued run is the one here; if not, everything is read anew.
   * @throws Error if that does not help
   */
  verify(): boolean {
    this.refresh();
    const isNew = this.#isNew;
    this.#isNew = false;
    const [first] = listQueuedPlaces(this.#reader, 1);
    const own = this.runs.first;
    if (first?.priority === own?.priority && first?.place === own?.place) return true;
    if (isNew) throw new Error('The queue in memory has another order than that of the store.');
    this.#isLoaded = false;
    return false;
  }

  #load(): void {
    this.runs.clear();
    this.#agents.clear();
    for (const queued of listQueuedPlaces(this.#reader)) this.runs.put(queued);
    this.#isLoaded = true;
    this.#isNew = true;
  }

  #note({ runs, agents, issues }: Touched): void {
    for (const id of runs) this.#touched.runs.add(id);
    for (const key of agents) this.#touched.agents.add(key);
    for (const id of issues) this.#touched.issues.add(id);
  }

  /** Every run touches its agent: only what the gate or the start depends on is news to those that wait. */
  #refreshAgent(key: string): void {
    const before = this.#agents.get(key);
    this.#agents.delete(key);
    const lane = this.runs.lane(key);
    if (!lane) return;
    this.agent(key);
    if (this.#agents.get(key)?.facts !== before?.facts) lane.told = null;
  }
}

function factsOf({ definition, fingerprint, isEnforced, isAbsent, state }: AgentRow): string {
  return JSON.stringify([isEnforced, isAbsent, state, fingerprint, definition]);
}
