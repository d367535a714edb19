import type { HoldReason } from '../model.ts';
import type { QueuedPlace } from '../store/runTable.ts';

/** What all runs of a lane were told last: that it is not their turn (whatever takes it), or what holds the agent; null if each its own. */
export type Told = HoldReason | 'turn' | null;

/** The queued runs of one agent, in the order in which they may start. */
export interface Lane {
  readonly agent: string;
  readonly runs: readonly WaitingRun[];
  /** Runs that came, moved or whose issue changed since the lane was told. */
  readonly fresh: ReadonlySet<WaitingRun>;
  /** Fresh ones too that the gate has not judged, because the agent's slots were all it took to make them wait. */
  readonly unjudged: ReadonlySet<WaitingRun>;
  told: Told;
}

/** A queued run as far as its order goes. */
export interface WaitingRun extends Omit<QueuedPlace, 'heldFor'> {
  heldFor: HoldReason | null;
}

type Place = Pick<WaitingRun, 'priority' | 'place'>;

interface OwnLane extends Lane {
  readonly runs: WaitingRun[];
  readonly fresh: Set<WaitingRun>;
  readonly unjudged: Set<WaitingRun>;
}

/** The queue in memory, in one lane an agent, so that what holds an agent need not be found out for each of its runs. */
export class WaitingRuns {
  readonly #lanes = new Map<string, OwnLane>();
  readonly #runs = new Map<string, WaitingRun>();
  readonly #byIssue = new Map<string, Set<WaitingRun>>();

  get size(): number {
    return this.#runs.size;
  }

  /** The run that stands before all others; costs a look at each lane. */
  get first(): WaitingRun | undefined {
    let first: WaitingRun | undefined;
    for (const { runs } of this.#lanes.values()) {
      const run = runs[0];
      if (run && (first === undefined || compare(run, first) < 0)) first = run;
    }
    return first;
  }

  lanes(): Iterable<Lane> {
    return this.#lanes.values();
  }

  lane(agent: string): Lane | undefined {
    return this.#lanes.get(agent);
  }

  find(id: string): WaitingRun | undefined {
    return this.#runs.get(id);
  }

  clear(): void {
    this.#lanes.clear();
    this.#runs.clear();
    this.#byIssue.clear();
  }

  /** Adds a run, or takes over what became of it; it is fresh then. */
  put(queued: QueuedPlace): void {
    this.remove(queued.id);
    const run = { ...queued };
    const { agent } = run;
    const lane = this.#lanes.get(agent) ?? { agent, runs: [], fresh: new Set(), unjudged: new Set(), told: null };
    this.#lanes.set(agent, lane);
    lane.runs.splice(countBefore(lane.runs, run), 0, run);
    lane.fresh.add(run);
    lane.unjudged.add(run);
    this.#runs.set(run.id, run);
    if (run.issueId === null) return;
    const others = this.#byIssue.get(run.issueId) ?? new Set();
    this.#byIssue.set(run.issueId, others.add(run));
  }

  /** Does nothing for a run that does not wait. */
  remove(id: string): void {
    const run = this.#runs.get(id);
    const lane = run && this.#lanes.get(run.agent);
    if (!lane) return;
    this.#runs.delete(id);
    lane.fresh.delete(run);
    lane.unjudged.delete(run);
    const index = lane.runs.indexOf(run, countBefore(lane.runs, run));
    lane.runs.splice(index, 1);
    if (lane.runs.length === 0) this.#lanes.delete(run.agent);
    if (run.issueId === null) return;
    const others = this.#byIssue.get(run.issueId);
    others?.delete(run);
    if (others?.size === 0) this.#byIssue.delete(run.issueId);
  }

  /** Makes the runs of an issue fresh. */
  noteIssue(issueId: string): void {
    for (const run of this.#byIssue.get(issueId) ?? []) {
      const lane = this.#lanes.get(run.agent);
      lane?.fresh.add(run);
      lane?.unjudged.add(run);
    }
  }

  /** Nothing of a lane is fresh any more; `isJudged`: the gate was asked too. */
  noteTold(agent: string, { told, isJudged }: { readonly told: Told; readonly isJudged: boolean }): void {
    const lane = this.#lanes.get(agent);
    if (!lane) return;
    lane.fresh.clear();
    if (isJudged) lane.unjudged.clear();
    lane.told = told;
  }
}

/** The run of a lane that stands next behind a place; from the beginning with null. */
function nextInLane({ runs }: Lane, after: Place | null): WaitingRun | undefined {
  if (after === null) return runs[0];
  const index = countBefore(runs, after);
  const at = runs[index];
  return at && compare(at, after) === 0 ? runs[index + 1] : at;
}

/** Walks lanes in the order of the runs that they stand at: a binary heap, because most lanes are never reached. */
export class LaneWalk {
  readonly #heap: { readonly lane: Lane; readonly run: WaitingRun }[] = [];

  constructor(lanes: Iterable<Lane>) {
    for (const lane of lanes) {
      const run = lane.runs[0];
      if (run) this.#heap.push({ lane, run });
    }
    for (let index = (this.#heap.length >> 1) - 1; index >= 0; index -= 1) this.#sink(index);
  }

  /** Takes the lane out whose run stands before those of the others. */
  next(): { readonly lane: Lane; readonly run: WaitingRun } | undefined {
    const first = this.#heap[0];
    const last = this.#heap.pop();
    if (first === undefined || last === undefined || first === last) return first;
    this.#heap[0] = last;
    this.#sink(0);
    return first;
  }

  /** Puts a lane back at its next run behind a place, if there is one. */
  goOn(lane: Lane, after: Place): void {
    const run = nextInLane(lane, after);
    if (!run) return;
    this.#heap.push({ lane, run });
    this.#rise(this.#heap.length - 1);
  }

  #rise(from: number): void {
    for (let index = from; index > 0;) {
      const parent = (index - 1) >> 1;
      if (!this.#isBefore(index, parent)) return;
      this.#swap(index, parent);
      index = parent;
    }
  }

  #sink(from: number): void {
    for (let index = from; ;) {
      const [left, right] = [2 * index + 1, 2 * index + 2];
      const child = this.#isBefore(right, left) ? right : left;
      if (!this.#isBefore(child, index)) return;
      this.#swap(index, child);
      index = child;
    }
  }

  #isBefore(a: number, b: number): boolean {
    const [one, other] = [this.#heap[a], this.#heap[b]];
    return one !== undefined && other !== undefined && compare(one.run, other.run) < 0;
  }

  #swap(a: number, b: number): void {
    const [one, other] = [this.#heap[a], this.#heap[b]];
    if (!one || !other) return;
    this.#heap[a] = other;
    this.#heap[b] = one;
  }
}

function compare(a: Place, b: Place): number {
  return a.priority - b.priority || a.place - b.place;
}

/** How many of the sorted runs stand before a place. */
function countBefore(runs: readonly WaitingRun[], place: Place): number {
  let [low, high] = [0, runs.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    const run = runs[middle];
    if (run && compare(run, place) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}
