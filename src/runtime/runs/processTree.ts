import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Clock } from '../clock.ts';
import { toError } from '../errors.ts';
import type { Disposable } from '../lifecycle.ts';
import type { Logger } from '../log.ts';
import { isAlive, type ProcessIdentity } from '../processIdentity.ts';
import type { ProcessEntry } from './processEntry.ts';
import { toProcessPlatform, type ProcessPlatform } from './processPlatform.ts';
import type { TreeRoot } from './processTableNewest.ts';
import { SharedSweep } from './sharedSweep.ts';
import { toKnownTree } from './treeMembers.ts';
import { WatchedTree, type TreeEnd, type TreeTools } from './watchedTree.ts';

export interface ProcessTreesOptions {
  readonly clock: Clock;
  readonly logger: Logger;
  /** Default: as the platform is. */
  readonly platform?: ProcessPlatform;
}

/** The processes of one live run. */
export interface ProcessTree {
  /**
   * Asks what is alive to end (SIGTERM: the first process and its group; once that is gone, whatever is left), kills
   * after `graceMs` all that still lives, and goes on until a sweep finds nothing or 5 seconds passed. Never rejects.
   */
  end(graceMs: number): Promise<TreeEnd>;
  /** Stops watching. */
  dispose(): void;
}

const firstSampleMs = 250;
const slowestSampleMs = 2000;

/** Watches the process trees of all live runs with one sampler, and ends them. One per runtime. */
export class ProcessTrees implements Disposable {
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #platform: ProcessPlatform;
  readonly #live = new Set<WatchedTree>();
  readonly #sweep: SharedSweep<readonly ProcessEntry[]>;
  readonly #ending: TreeRoot[] = [];
  #newest: Promise<readonly ProcessEntry[] | null> | null = null;
  #sampleMs = firstSampleMs;
  #sampleAt = Number.POSITIVE_INFINITY;
  #timer: Disposable | null = null;

  constructor({ clock, logger, platform }: ProcessTreesOptions) {
    this.#clock = clock;
    this.#logger = logger;
    this.#platform = platform ?? toProcessPlatform(process.platform);
    this.#sweep = new SharedSweep(() => this.#readTable());
  }

  /** Begins to watch the tree below `root`, the just started first process of a run. */
  watch(runId: string, root: ProcessIdentity | null): ProcessTree {
    const tree = new WatchedTree(toKnownTree(runId, root, true), this.#tools());
    this.#live.add(tree);
    this.#sampleMs = firstSampleMs;
    this.#scheduleSample();
    return {
      end: (graceMs) => tree.end(graceMs),
      dispose: () => {
        this.#live.delete(tree);
        if (this.#live.size === 0) this.#cancelSample();
      },
    };
  }

  /** Kills what is alive of a run that an earlier runtime started; answers how many processes that were. */
  async endLostRun(lost: { readonly runId: string; readonly identity: ProcessIdentity | null }): Promise<number> {
    const root = lost.identity !== null && isAlive(lost.identity) ? lost.identity : null;
    const tree = new WatchedTree(toKnownTree(lost.runId, root, false), this.#tools());
    this.#live.add(tree);
    try {
      const { ended } = await tree.end(0);
      return ended;
    } finally {
      this.#live.delete(tree);
    }
  }

  dispose(): void {
    this.#live.clear();
    this.#cancelSample();
  }

  #tools(): TreeTools {
    return {
      sweep: (tree) => this.#readFor(tree),
      clock: this.#clock,
      logger: this.#logger,
      hasSignals: this.#platform.hasSignals,
    };
  }

  /** Trees that end in the same turn share a reading. */
  async #readFor(tree: WatchedTree): Promise<readonly ProcessEntry[]> {
    const { readNewest } = this.#platform;
    if (readNewest && tree.root !== null) {
      this.#ending.push({ pid: tree.root.pid, startOrder: tree.since });
      this.#newest ??= nextTurn().then(() => {
        this.#newest = null;
        return readNewest(this.#ending.splice(0));
      });
      const table = await this.#newest;
      if (table !== null) return table;
    }
    return this.#sweep.read();
  }

  /** Every table, whoever asked for it, tells all live trees what belongs to them. */
  async #readTable(): Promise<readonly ProcessEntry[]> {
    const since = Math.min(...[...this.#live].map(({ since }) => since));
    const table = await this.#platform.readTable(since);
    for (const tree of this.#live) tree.observe(table);
    return table;
  }

  #scheduleSample(): void {
    if (!this.#platform.canSample || this.#live.size === 0) return;
    const at = this.#clock.monotonic() + this.#sampleMs;
    if (at >= this.#sampleAt) return;
    this.#cancelSample();
    this.#sampleAt = at;
    this.#timer = this.#clock.setTimeout(() => void this.#sample(), this.#sampleMs);
  }

  async #sample(): Promise<void> {
    this.#cancelSample();
    try {
      await this.#sweep.read();
    } catch (error) {
      this.#logger.warn('Could not list processes while runs go on', toError(error).message);
    }
    this.#sampleMs = Math.min(this.#sampleMs * 2, slowestSampleMs);
    this.#scheduleSample();
  }

  #cancelSample(): void {
    this.#timer?.dispose();
    this.#timer = null;
    this.#sampleAt = Number.POSITIVE_INFINITY;
  }
}
