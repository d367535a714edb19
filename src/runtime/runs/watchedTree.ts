import type { Clock } from '../clock.ts';
import { toError } from '../errors.ts';
import type { Logger } from '../log.ts';
import { toStartOrder, type ProcessIdentity } from '../processIdentity.ts';
import { endProcesses } from './endProcesses.ts';
import type { ProcessEntry } from './processEntry.ts';
import { findMembers, type KnownTree } from './treeMembers.ts';

/** What became of a tree. */
export interface TreeEnd {
  /** Processes that were found alive and are gone. */
  readonly ended: number;
  /** Processes that could not be ended; null if the system would not list its processes. */
  readonly left: number | null;
}

const firstPollMs = 10;
const slowestPollMs = 250;
const killPatienceMs = 5000;

/** What a tree shares with all others. */
export interface TreeTools {
  /** Reads a table that begins after the call and holds all that can belong to the tree. */
  readonly sweep: (tree: WatchedTree) => Promise<readonly ProcessEntry[]>;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly hasSignals: boolean;
}

/**
 * The processes of one run between sweeps, and their end:
 *
 *     asking (SIGTERM, until `graceMs` passed) → killing (SIGKILL, at most 5 s) → ended
 *
 * Each step begins with a sweep; one that finds nothing ends it in either phase.
 */
export class WatchedTree {
  readonly #tools: TreeTools;
  #known: KnownTree;

  constructor(known: KnownTree, tools: TreeTools) {
    this.#known = known;
    this.#tools = tools;
  }

  /** The first process; null if it is not known. */
  get root(): ProcessIdentity | null {
    return this.#known.root;
  }

  /** Nothing that started before this start order can be a member. */
  get since(): number {
    return this.#known.root === null ? 0 : toStartOrder(this.#known.root.startTime);
  }

  observe(table: readonly ProcessEntry[]): readonly ProcessEntry[] {
    const { members, known } = findMembers(table, this.#known, process.pid);
    this.#known = known;
    return members;
  }

  /** See `ProcessTree.end`. */
  async end(graceMs: number): Promise<TreeEnd> {
    try {
      return await this.#end(graceMs);
    } catch (error) {
      this.#tools.logger.warn('Could not end all processes of a run', this.#known.runId, toError(error).message);
      return { ended: 0, left: null };
    }
  }

  async #end(graceMs: number): Promise<TreeEnd> {
    const { clock, hasSignals, sweep } = this.#tools;
    const killAt = clock.monotonic() + (hasSignals ? graceMs : 0);
    const met = new Set<string>();
    const asked = new Set<string>();
    let isKilling = false;
    let pollMs = firstPollMs;
    for (;;) {
      const members = this.observe(await sweep(this));
      for (const member of members) met.add(toKey(member));
      const untilKillMs = killAt - clock.monotonic();
      if (members.length === 0 || untilKillMs <= -killPatienceMs) {
        return { ended: met.size - members.length, left: members.length };
      }
      if (untilKillMs <= 0) {
        if (!isKilling) pollMs = firstPollMs;
        isKilling = true;
        await endProcesses(members, 'SIGKILL');
      } else {
        await this.#ask(members, asked);
      }
      await pause(clock, isKilling ? pollMs : Math.min(pollMs, untilKillMs));
      pollMs = Math.min(pollMs * 2, slowestPollMs);
    }
  }

  /** Each process is asked once, and helpers of the first one only when it is gone: it may still need them. */
  async #ask(members: readonly ProcessEntry[], asked: Set<string>): Promise<void> {
    const root = members.find(({ pid }) => pid === this.#known.root?.pid);
    const addressed = root === undefined ? members : members.filter(({ group }) => group === root.group);
    const fresh = addressed.filter((member) => !asked.has(toKey(member)));
    for (const member of fresh) asked.add(toKey(member));
    await endProcesses(fresh, 'SIGTERM');
  }
}

function toKey({ pid, startTime }: ProcessEntry): string {
  return `${String(pid)} ${startTime}`;
}

function pause(clock: Clock, delayMs: number): Promise<void> {
  return new Promise((resolve) => {
    clock.setTimeout(resolve, delayMs);
  });
}
