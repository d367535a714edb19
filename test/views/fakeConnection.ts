import type { ConnectionStatus, FolderConnection } from '../../src/connection/connection.ts';
import type { FolderState } from '../../src/connection/folderState.ts';
import type { Method, Notifications, Params, Result } from '../../src/protocol.ts';
import { UserError } from '../../src/runtime/errors.ts';
import { Emitter } from '../../src/runtime/events.ts';
import type { Run } from '../../src/runtime/model.ts';
import { viewedFolder } from './viewedFolder.ts';

/** A folder whose runtime is a few maps in memory: runs and their logs, told as a real one tells them. */
export class FakeConnection implements FolderConnection {
  readonly name = 'workshop';
  readonly path = '/srv/workshop';
  status: ConnectionStatus = { kind: 'connected' };
  state: FolderState | null = null;
  isWatching = false;
  isReachable = true;
  /** Offsets that were read, in order. */
  readonly reads: number[] = [];
  readonly #logs = new Map<string, Buffer>();
  readonly #changeEmitter = new Emitter<void>(fail);
  readonly #logEmitter = new Emitter<Notifications['logGrew']>(fail);
  readonly onDidChange = this.#changeEmitter.event;
  readonly onDidGrowLog = this.#logEmitter.event;

  /** Shows these runs as the state. */
  show(runs: readonly Run[]): void {
    this.state = viewedFolder({ runs: [...runs] }).state;
    this.#changeEmitter.fire();
  }

  /** Appends to a run's log and says so, if anybody listens. */
  write(run: Run, text: string): void {
    const log = Buffer.concat([this.#logs.get(run.id) ?? Buffer.alloc(0), Buffer.from(text)]);
    this.#logs.set(run.id, log);
    if (this.isWatching)
      this.#logEmitter.fire({ runId: run.id, agent: run.agent, bytes: log.length, isSettled: false });
  }

  request<M extends Method>(method: M, params: Params<M>): Promise<Result<M>> {
    if (!this.isReachable) return Promise.reject(new UserError('unreachable', 'not there'));
    if (method === 'log.read') return Promise.resolve(this.#read(params as Params<'log.read'>) as Result<M>);
    if (method === 'run.get') return Promise.resolve(this.#get(params as Params<'run.get'>) as Result<M>);
    return Promise.reject(new Error(`Unexpected request ${method}`));
  }

  watchLogs(enabled: boolean): void {
    this.isWatching = enabled;
  }

  retry(): void {
    this.#changeEmitter.fire();
  }

  restartRuntime(): void {
    this.#changeEmitter.fire();
  }

  continueDamaged(): void {
    this.#changeEmitter.fire();
  }

  listOrphans(): Promise<[]> {
    return Promise.resolve([]);
  }

  adopt(): Promise<void> {
    return Promise.reject(new Error('Unexpected adoption'));
  }

  restoreFrom(): void {
    this.#changeEmitter.fire();
  }

  deleteState(): Promise<void> {
    return Promise.reject(new Error('Unexpected deletion'));
  }

  dispose(): void {
    this.#changeEmitter.dispose();
    this.#logEmitter.dispose();
  }

  #read({ runId, offset, maxBytes }: Params<'log.read'>): Result<'log.read'> {
    this.reads.push(offset);
    const log = this.#logs.get(runId);
    if (log === undefined) throw new UserError('not_found', 'no such run');
    const nextOffset = Math.min(log.length, offset + maxBytes);
    const isSettled = (this.state?.runs.get(runId)?.finishedAt ?? null) !== null;
    return {
      text: log.toString('utf8', offset, nextOffset),
      offset,
      nextOffset,
      isComplete: isSettled && nextOffset === log.length,
    };
  }

  #get({ runId }: Params<'run.get'>): Result<'run.get'> {
    const run = this.state?.runs.get(runId);
    if (run === undefined) throw new UserError('not_found', 'no such run');
    return {
      ...run,
      logBytes: this.#logs.get(runId)?.length ?? 0,
      commandLine: '',
      cwd: '',
      pid: null,
      stdoutExcerpt: '',
      stderrExcerpt: '',
      logPath: '/store/runs/1.log',
    };
  }
}

function fail(error: unknown): void {
  throw error;
}
