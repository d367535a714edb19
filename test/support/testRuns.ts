import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ProcessPlan } from '../../src/runtime/adapters/adapter.ts';
import { createEndpoint } from '../../src/endpoint/endpointPath.ts';
import { systemClock } from '../../src/runtime/clock.ts';
import type { Logger } from '../../src/runtime/log.ts';
import type { ChildStarter } from '../../src/runtime/runs/childStarter.ts';
import { DirectStarter } from '../../src/runtime/runs/directStarter.ts';
import { startProcess, type ProcessOptions, type ProcessRun } from '../../src/runtime/runs/processDriver.ts';
import { toProcessPlatform } from '../../src/runtime/runs/processPlatform.ts';
import { ProcessTrees } from '../../src/runtime/runs/processTree.ts';
import { SpawnerStarter } from '../../src/runtime/runs/spawner/spawnerStarter.ts';
import { poll } from './poll.ts';

/** Absolute path of a program under test/fixtures/programs. */
export function fixtureProgram(name: string): string {
  return fileURLToPath(new URL(`../fixtures/programs/${name}`, import.meta.url));
}

/** The spawner's program, as the sources have it. */
export const spawnerEntry = fileURLToPath(new URL('../../src/runtime/runs/spawner/spawnerProgram.ts', import.meta.url));

/** What starts programs: this process, or a spawner of its own. */
export type StarterKind = 'direct' | 'spawner';
export const starterKinds: readonly StarterKind[] = process.platform === 'linux' ? ['direct', 'spawner'] : ['direct'];

/** Starts real programs in a folder of its own; `close` fails if one of them left a process behind. */
export class TestRuns {
  readonly folder = mkdtempSync(join(tmpdir(), 'runs-'));
  readonly warnings: unknown[][] = [];
  readonly logger: Logger = {
    trace: () => undefined,
    debug: () => undefined,
    info: () => undefined,
    warn: (...details) => this.warnings.push(details),
    error: (...details) => assert.fail(String(details)),
  };
  readonly trees = new ProcessTrees({ clock: systemClock, logger: this.logger });
  readonly starter: ChildStarter;
  readonly #spawner: SpawnerStarter | null;
  readonly #runIds: string[] = [];

  private constructor(kind: StarterKind) {
    const direct = new DirectStarter(systemClock);
    const clock = systemClock;
    this.#spawner =
      kind === 'direct'
        ? null
        : new SpawnerStarter({ entry: spawnerEntry, openEndpoint: createEndpoint, direct, clock, logger: this.logger });
    this.starter = this.#spawner ?? direct;
  }

  /** Resolves once programs are started as wanted. */
  static async open(kind: StarterKind = 'direct'): Promise<TestRuns> {
    const runs = new TestRuns(kind);
    if (kind === 'spawner') await runs.raiseSpawner();
    return runs;
  }

  /** Starts a run, which calls for the spawner; answers its process id once it can be used. */
  async raiseSpawner(): Promise<number> {
    await this.start({ file: 'true' }).settled;
    await poll(() => this.#spawner?.spawnerPid !== undefined, 'the spawner comes up');
    return this.#spawner?.spawnerPid ?? 0;
  }

  /** Starts a program with node; a `.sh` one with sh. */
  startFixture(name: string, args: readonly string[] = [], options: Partial<ProcessOptions> = {}): ProcessRun {
    const file = name.endsWith('.sh') ? 'sh' : process.execPath;
    return this.start({ file, args: [fixtureProgram(name), ...args] }, options);
  }

  start(plan: Partial<ProcessPlan>, options: Partial<ProcessOptions> = {}): ProcessRun {
    const runId = options.runId ?? randomUUID();
    this.#runIds.push(runId);
    const env = { PATH: process.env['PATH'] ?? '', ...plan.env, REVEILLE_RUN_ID: runId };
    return startProcess(
      { kind: 'process', file: 'true', args: [], shell: false, cwd: this.folder, stdin: null, ...plan, env },
      {
        runId,
        logPath: this.logPath(runId),
        timeoutSec: 0,
        graceSec: 5,
        clock: systemClock,
        logger: this.logger,
        trees: this.trees,
        starter: this.starter,
        ...options,
      },
    );
  }

  logPath(runId: string): string {
    return join(this.folder, `${runId}.log`);
  }

  readLog(runId: string): string {
    return readFileSync(this.logPath(runId), 'utf8');
  }

  /** Fails if a process of any run lives, or the trees had something to warn of. */
  async close(): Promise<void> {
    this.trees.dispose();
    this.#spawner?.dispose();
    const table = await toProcessPlatform(process.platform).readTable(0);
    const left = table.filter(({ runId, isZombie }) => !isZombie && runId !== null && this.#runIds.includes(runId));
    for (const { pid } of left) process.kill(pid, 'SIGKILL');
    rmSync(this.folder, { recursive: true, force: true });
    assert.deepEqual(left, []);
    assert.deepEqual(this.warnings, []);
  }
}
