import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { listAgents } from '../../src/runtime/store/agentTable.ts';
import { StateWriter } from '../../src/runtime/store/stateWriter.ts';
import { Audit } from '../../src/runtime/governance/audit.ts';
import { AuditKeys } from '../../src/runtime/governance/auditKeys.ts';
import { systemClock } from '../../src/runtime/clock.ts';
import { WakeQueue } from '../../src/runtime/wakeups/queue.ts';
import type { Bench } from './figure.ts';
import { BenchFolder, type BenchConnection } from './openRuntime.ts';
import { makeStore, openStore, wasmPathOf } from './storeFixture.ts';

const flushEvery = 500;
const pageSize = 200;
const pollMs = 250;
const limitMs = 15 * 60_000;

/** Agents that only execute `true`; `sharesCwd`: several of them at a time. */
function describeAgents(agents: number, sharesCwd: boolean): string {
  const line = (index: number): string =>
    `  ${agentKey(index)}: { adapter: process, command: "true", shareCwd: ${String(sharesCwd)} }`;
  return `agents:\n${Array.from({ length: agents }, (_, index) => line(index)).join('\n')}\n`;
}

function agentKey(index: number): string {
  return `engineer-${String(index)}`;
}

/** When a run was asked for, claimed and settled; epoch ms. */
export interface RunTimes {
  readonly queuedAt: number;
  readonly startedAt: number;
  readonly finishedAt: number;
}

/** A folder whose accepted agents have work queued that begins when its runtime starts. */
export class AgentQueue {
  readonly folder: BenchFolder;
  readonly #bench: Bench;
  /** The runs that were queued, in the order in which they are to start. */
  #queued: string[] = [];

  private constructor(bench: Bench, folder: BenchFolder) {
    this.#bench = bench;
    this.folder = folder;
  }

  /**
   * Makes the folder and has its agents accepted.
   * @param options.history a plain SQLite file that its state begins as
   */
  static async open(
    bench: Bench,
    options: {
      readonly agents: number;
      readonly slots: number;
      readonly sharesCwd?: boolean;
      readonly history?: string | undefined;
    },
  ): Promise<AgentQueue> {
    const configuration = describeAgents(options.agents, options.sharesCwd ?? true);
    const folder = new BenchFolder(bench.production, configuration, ['--slots', String(options.slots)]);
    const store = await folder.store();
    if (options.history !== undefined) {
      mkdirSync(store, { recursive: true });
      await makeStore(path.join(store, 'state'), options.history);
    }
    const window = await folder.connect();
    await window.acceptAll();
    await window.stop();
    return new AgentQueue(bench, folder);
  }

  /** Queues so many runs and nothing else while no runtime lives, by the steps that a runtime takes; each agent in turn gets one. */
  async fill(runs: number): Promise<void> {
    const directory = path.join(await this.folder.store(), 'state');
    const store = await openStore(directory, wasmPathOf(this.#bench.production));
    const state = new StateWriter(store, () => undefined);
    const clock = systemClock;
    const queue = new WakeQueue({ state, clock, audit: new Audit({ store, clock, keys: new AuditKeys() }) });
    state.commit((transaction) => {
      transaction.run(`DELETE FROM run WHERE status IN ('queued', 'running') AND status = 'queued'`);
      transaction.run(`DELETE FROM wakeup WHERE status = 'queued'`);
    });
    const agents = listAgents(store).filter(({ isEnforced, isAbsent }) => isEnforced && !isAbsent);
    this.#queued = [];
    for (let number = 0; number < runs; number += 1) {
      const agent = agents[number % agents.length]?.key ?? '';
      const taskKey = `task ${String(clock.now())} ${String(number)}`;
      const text = `Look at change ${String(number)} again.`;
      const request = { agent, source: 'on_demand', reason: 'Woken by hand', text, taskKey } as const;
      const { runId } = state.commit((transaction) =>
        queue.admit(transaction, { ...request, issueId: null, idempotencyKey: null, author: 'user' }),
      );
      this.#queued.push(runId ?? '');
      if (number % flushEvery === 0) await store.durable();
    }
    await store.close();
  }

  /** Resolves when so many of the queued runs, in their order, have settled. @throws Error after a quarter of an hour */
  async whenSettled(window: BenchConnection, count: number): Promise<void> {
    const until = performance.now() + limitMs;
    for (const runId of this.#queued.slice(0, count).toReversed()) {
      while ((await window.connection.request('run.get', { runId })).finishedAt === null) {
        if (performance.now() > until) throw new Error(`Run ${runId} did not end.`);
        await new Promise((resolve) => setTimeout(resolve, pollMs));
      }
    }
  }

  /**
   * The times of the first so many of the queued runs, in the order in which they settled.
   * @throws Error unless each has its row and succeeded
   */
  async times(window: BenchConnection, count: number): Promise<RunTimes[]> {
    const times = new Map<string, RunTimes>();
    let before: number | undefined;
    for (let hasMore = true; hasMore;) {
      const page = await window.connection.request('run.list', {
        limit: pageSize,
        ...(before !== undefined && { before }),
      });
      for (const { id, status, queuedAt, startedAt, finishedAt } of page.runs) {
        if (status !== 'succeeded' || startedAt === null || finishedAt === null) continue;
        times.set(id, { queuedAt, startedAt, finishedAt });
      }
      before = page.runs.at(-1)?.number;
      hasMore = page.hasMore && !page.runs.some(({ id }) => id === this.#queued[0]);
    }
    const asked = this.#queued.slice(0, count).map((id) => {
      const found = times.get(id);
      if (!found) throw new Error(`Run ${id} has no complete row.`);
      return found;
    });
    return asked.toSorted((a, b) => a.finishedAt - b.finishedAt);
  }
}
