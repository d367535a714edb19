import { spawn, type ChildProcess } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import type { ProgramPlan } from '../../adapters/adapter.ts';
import type { Clock } from '../../clock.ts';
import type { Disposable } from '../../lifecycle.ts';
import { isAlive, type ProcessIdentity } from '../../processIdentity.ts';
import type { StartResult } from '../childStarter.ts';
import { RemoteChild } from './remoteChild.ts';
import type { SpawnerOrder, SpawnerReport } from './spawnOrder.ts';
import { StreamServer } from './streamServer.ts';

/** Where the streams of children connect to: a socket in a private directory; disposing it removes that. */
export interface StreamEndpoint extends Disposable {
  readonly path: string;
}

export interface SpawnerProcessOptions {
  /** Absolute path of the spawner's program. */
  readonly entry: string;
  readonly endpoint: StreamEndpoint;
  readonly clock: Clock;
  /** Called once when it is gone, whyever; `wasReady` is false if it never came up. */
  readonly onDidEnd: (wasReady: boolean) => void;
}

/** How long the spawner may take to answer, in milliseconds. One that does not is ended. */
const answerMs = 10_000;

/** One life of the spawner, as the runtime sees it. */
export class SpawnerProcess implements Disposable {
  readonly #options: SpawnerProcessOptions;
  readonly #process: ChildProcess;
  readonly #server: StreamServer;
  readonly #children = new Map<string, RemoteChild>();
  #isReady = false;
  #hasEnded = false;

  /** Starts it; it can be used once it is ready. */
  constructor(options: SpawnerProcessOptions) {
    this.#options = options;
    const { entry, endpoint } = options;
    this.#server = new StreamServer(endpoint.path, () => {
      this.dispose();
    });
    this.#process = spawn(process.execPath, [entry, endpoint.path], {
      cwd: '/',
      // Out of the terminal's reach: it lives as long as its runtime.
      detached: true,
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    });
    this.#process.on('message', (report: SpawnerReport) => {
      this.#hear(report);
    });
    // Not `exit`, which may come before its last reports were read; a spawner that could not be started has only `error`.
    for (const event of ['disconnect', 'error']) {
      this.#process.on(event, () => {
        this.#end();
      });
    }
  }

  get pid(): number | undefined {
    return this.#process.pid;
  }

  /** True while it can be asked to start something. */
  get isReady(): boolean {
    return this.#isReady && !this.#hasEnded;
  }

  /** Starts a program. Never rejects. */
  start(plan: ProgramPlan): Promise<StartResult> {
    const { clock } = this.#options;
    const key = randomUUID();
    const child = new RemoteChild(plan, { clock, kill: () => this.#kill(key, child) });
    this.#children.set(key, child);
    this.#server.expect(key, child);
    const limit = clock.setTimeout(() => this.#process.kill('SIGKILL'), answerMs);
    const { file, args, shell, cwd, env } = plan;
    this.#send({ kind: 'spawn', key, file, args, shell, cwd, env, hasInput: plan.stdin !== null });
    return child.result.then((result) => {
      limit.dispose();
      this.#server.forget(key);
      if (result.kind === 'failed') this.#children.delete(key);
      return result;
    });
  }

  /** Ends the spawner, and not its children. May be called twice. */
  dispose(): void {
    if (this.#process.connected) this.#process.disconnect();
    this.#end();
  }

  #hear(report: SpawnerReport): void {
    if (report.kind === 'ready') {
      this.#isReady = true;
      return;
    }
    const child = this.#children.get(report.key);
    if (report.kind === 'started') child?.start(report.identity);
    else if (report.kind === 'failed') child?.fail(report.code ?? undefined, report.text);
    else {
      this.#children.delete(report.key);
      child?.exit(report.exit);
    }
  }

  #kill(key: string, { identity }: RemoteChild): void {
    if (!this.#hasEnded) this.#send({ kind: 'kill', key });
    else if (identity !== null) killIfAlive(identity);
  }

  /** A channel that broke is noticed by `disconnect`. */
  #send(order: SpawnerOrder): void {
    this.#process.send(order, () => undefined);
  }

  #end(): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    // It may only have closed its channel; nobody could tell it anything any more.
    this.#process.kill('SIGKILL');
    this.#server.dispose();
    this.#options.endpoint.dispose();
    for (const child of this.#children.values()) child.lose();
    this.#children.clear();
    this.#options.onDidEnd(this.#isReady);
  }
}

function killIfAlive(identity: ProcessIdentity): void {
  try {
    if (isAlive(identity)) process.kill(identity.pid, 'SIGKILL');
  } catch {
    // It ended between the two.
  }
}
