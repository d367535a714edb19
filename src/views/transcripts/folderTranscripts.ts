import type { FolderConnection } from '../../connection/connection.ts';
import { DisposableStore, toDisposable, type Disposable } from '../../runtime/lifecycle.ts';
import type { Run } from '../../runtime/model.ts';
import type { AgentTranscript } from './agentTranscript.ts';
import { RunTail } from './runTail.ts';

/** What the transcripts of a folder need from the editor. */
export interface FolderTranscriptsOptions {
  readonly connection: FolderConnection;
  /** The transcript of an agent, made on first use. */
  readonly transcriptOf: (agent: string) => AgentTranscript;
  readonly onError: (error: unknown) => void;
}

/**
 * Decides which runs of a folder are followed: those that run when the folder is first seen, and every one
 * that starts afterwards, however short. Each run is followed once.
 */
export class FolderTranscripts implements Disposable {
  readonly #options: FolderTranscriptsOptions;
  readonly #store = new DisposableStore();
  readonly #tails = new Map<string, RunTail>();
  /** Ids of runs that are followed, were followed, or ended before the folder was first seen. */
  readonly #known = new Set<string>();
  #isFirstState = true;

  constructor(options: FolderTranscriptsOptions) {
    this.#options = options;
    const { connection } = options;
    this.#store.add(connection.onDidChange(() => this.#update()));
    this.#store.add(
      connection.onDidGrowLog((grown) => {
        const tail = this.#tails.get(grown.runId);
        tail?.grow(grown.bytes);
        void this.#pull(grown.runId, tail);
      }),
    );
    this.#store.add(toDisposable(() => this.#tails.forEach((tail) => tail.dispose())));
    this.#update();
  }

  /** Shows a run that is not followed yet, for instance an agent's last one. */
  show(run: Run): void {
    if (this.#known.has(run.id) && run.finishedAt === null) return;
    if (!this.#tails.has(run.id)) this.#follow(run);
  }

  dispose(): void {
    this.#store.dispose();
  }

  #update(): void {
    const { connection } = this.#options;
    if (connection.state === null) return;
    const runs = [...connection.state.runs.values()].sort((a, b) => a.number - b.number);
    for (const run of runs) this.#consider(run);
    this.#isFirstState = false;
    if (connection.status.kind !== 'connected') return;
    for (const [runId, tail] of this.#tails) void this.#pull(runId, tail);
  }

  #consider(run: Run): void {
    const tail = this.#tails.get(run.id);
    if (tail !== undefined) {
      tail.update(run);
      return;
    }
    if (this.#known.has(run.id) || run.startedAt === null) return;
    if (this.#isFirstState && run.finishedAt !== null) this.#known.add(run.id);
    else this.#follow(run);
  }

  #follow(run: Run): void {
    const { connection, transcriptOf, onError } = this.#options;
    this.#known.add(run.id);
    const tail = new RunTail({ connection, run, transcript: transcriptOf(run.agent), onError });
    this.#tails.set(run.id, tail);
    if (this.#tails.size === 1) connection.watchLogs(true);
    void this.#pull(run.id, tail);
  }

  async #pull(runId: string, tail: RunTail | undefined): Promise<void> {
    if (tail === undefined) return;
    await tail.pull();
    if (!tail.isDone || !this.#tails.delete(runId)) return;
    if (this.#tails.size === 0 && !this.#store.isDisposed) this.#options.connection.watchLogs(false);
  }
}
