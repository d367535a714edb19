import type { Clock } from './clock.ts';
import type { Audit } from './governance/audit.ts';
import type { ChangeGap, OnlyIfKind, RunChanges, RunErrorCode } from './model.ts';
import type { ChangeRecorder, Glimpse, Recording } from './runs/changes/changeRecorder.ts';
import { findAgent, type AgentRow } from './store/agentTable.ts';
import { readDiagnostics, readEvidence, writeEvidence, type Evidence } from './store/evidenceTable.ts';
import { findRun, type Settlement } from './store/runTable.ts';
import type { Store } from './store/store.ts';

export interface ChangeWatchOptions {
  readonly store: Store;
  readonly audit: Audit;
  readonly clock: Clock;
  readonly changes: Pick<ChangeRecorder, 'begin' | 'readHead' | 'readTree'>;
}

type Found = ReadonlyMap<OnlyIfKind, Glimpse>;

/** Longest that a heartbeat waits for what it depends on, in milliseconds; then that counts as changed. */
const limitMs = 10_000;
/** The diagnostics while no window has ever reported any: a state like any other, so nothing starts for it again and again. */
const neverReported = 'never';
/** Of such a run nothing was started: it has seen nothing. */
const notStarted: readonly (RunErrorCode | null)[] = [
  'command_not_found',
  'cwd_missing',
  'spawn_failed',
  'secret_missing',
];

/**
 * Knows whether what `onlyIf` names is as an agent's last run left it. What the run did itself, or others did meanwhile, counts
 * as seen: it is noted at the run's end, right before it settles. What is not known counts as changed.
 */
export class ChangeWatch {
  readonly #options: ChangeWatchOptions;
  /** Of runs between their end and their settlement. */
  readonly #left = new Map<string, Found>();
  /** Looks at working trees that go on, by directory: agents that fall due together share one. */
  readonly #trees = new Map<string, Promise<Glimpse>>();
  readonly #looks = new Set<Promise<unknown>>();
  /** What was said to be unknown, until it is known again. */
  readonly #said = new Set<string>();

  constructor(options: ChangeWatchOptions) {
    this.#options = options;
  }

  /** Which of the agents find nothing changed; within 10 s. Never rejects. */
  async findUnchanged(agents: readonly AgentRow[]): Promise<ReadonlySet<string>> {
    const unchanged = await Promise.all(
      agents.map(async (agent) => ((await this.#hasChanged(agent)) ? [] : [agent.key])),
    );
    return new Set(unchanged.flat());
  }

  /** Watches a run as the recorder does, and sees how it leaves what its agent's `onlyIf` names. */
  async begin(runId: string, cwd: string): Promise<Recording> {
    const recording = await this.#options.changes.begin(runId, cwd);
    return {
      dispose: () => {
        recording.dispose();
      },
      finish: () => this.#finish(runId, recording),
    };
  }

  /** Notes how a run left things, before it settles. */
  settle(runId: string, { errorCode }: Pick<Settlement, 'errorCode'>): void {
    const { store, clock } = this.#options;
    const found = this.#left.get(runId);
    const agent = found && findRun(store, runId)?.agent;
    this.#left.delete(runId);
    if (found === undefined || agent === undefined || notStarted.includes(errorCode)) return;
    store.transact((writer) => {
      writeEvidence(writer, agent, toEvidence(found), clock.now());
    });
  }

  /** Resolves when nothing is looked at any more. */
  async whenIdle(): Promise<void> {
    while (this.#looks.size > 0) await Promise.allSettled(this.#looks);
  }

  async #finish(runId: string, recording: Recording): Promise<RunChanges> {
    const changes = await recording.finish();
    const { store } = this.#options;
    const run = findRun(store, runId);
    const agent = run && findAgent(store, run.agent);
    // Not shared: a look that began before the run's last change would not have seen it.
    if (agent && agent.definition.heartbeat.onlyIf.length > 0) this.#left.set(runId, await this.#look(agent, false));
    return changes;
  }

  async #hasChanged(agent: AgentRow): Promise<boolean> {
    const { store } = this.#options;
    const found = await this.#look(agent, true);
    this.#tellUnknown(agent, found);
    return isChanged(agent.definition.heartbeat.onlyIf, readEvidence(store, agent.key), toEvidence(found));
  }

  async #look({ definition: { cwd, heartbeat } }: AgentRow, isShared: boolean): Promise<Found> {
    const found = await Promise.all(
      heartbeat.onlyIf.map(async (kind) => [kind, await this.#inTime(this.#lookAt(kind, cwd, isShared))] as const),
    );
    return new Map(found);
  }

  #lookAt(kind: OnlyIfKind, cwd: string, isShared: boolean): Promise<Glimpse> {
    const { changes, store } = this.#options;
    switch (kind) {
      case 'git_head':
        return changes.readHead(cwd);
      case 'files':
        return isShared ? this.#shareTree(cwd) : changes.readTree(cwd);
      case 'diagnostics':
        return Promise.resolve({ value: readDiagnostics(store)?.digest ?? neverReported });
    }
  }

  #shareTree(cwd: string): Promise<Glimpse> {
    const known = this.#trees.get(cwd);
    if (known) return known;
    const look = this.#options.changes.readTree(cwd).finally(() => this.#trees.delete(cwd));
    this.#trees.set(cwd, look);
    return look;
  }

  #inTime(look: Promise<Glimpse>): Promise<Glimpse> {
    this.#looks.add(look);
    void look.then(() => this.#looks.delete(look));
    return new Promise((resolve) => {
      const timer = this.#options.clock.setTimeout(() => {
        resolve({ gap: 'too_slow' });
      }, limitMs);
      void look.then((glimpse) => {
        timer.dispose();
        resolve(glimpse);
      });
    });
  }

  /** Said once, and again after it was known in between. */
  #tellUnknown({ key }: AgentRow, found: Found): void {
    const { store, audit } = this.#options;
    for (const [kind, glimpse] of found) {
      const name = `${kind} ${key}`;
      const gap: ChangeGap | null = 'gap' in glimpse ? glimpse.gap : null;
      if (gap === null) this.#said.delete(name);
      if (gap === null || this.#said.has(name)) continue;
      this.#said.add(name);
      store.transact((writer) => {
        audit.record(writer, {
          actor: 'runtime',
          action: 'heartbeat.changeUnknown',
          target: `agent:${key}`,
          agent: key,
          result: gap,
          details: { setting: `onlyIf: ${kind}` },
        });
      });
    }
  }
}

/** Whether anything that an agent's `onlyIf` names is not as its last run left it, or not known. */
function isChanged(onlyIf: readonly OnlyIfKind[], left: Evidence, found: Evidence): boolean {
  return onlyIf.some((kind) => !left.has(kind) || left.get(kind) !== found.get(kind));
}

function toEvidence(found: Found): Evidence {
  return new Map([...found].flatMap(([kind, glimpse]) => ('value' in glimpse ? [[kind, glimpse.value] as const] : [])));
}
