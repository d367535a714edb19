import type { FolderConnection } from '../../connection/connection.ts';
import { UserError } from '../../runtime/errors.ts';
import type { Run } from '../../runtime/model.ts';
import type { AgentTranscript } from './agentTranscript.ts';

const pieceBytes = 262_144;
/** A reader further behind than this jumps ahead; the log file keeps everything. */
const maxBacklogBytes = 2_097_152;
const keptBacklogBytes = 262_144;

/** What a tail reads from and writes to. */
export interface RunTailOptions {
  readonly connection: Pick<FolderConnection, 'request' | 'state'>;
  readonly run: Run;
  readonly transcript: AgentTranscript;
  /** Called with whatever stopped a pull; the next `pull` goes on where this one stopped. */
  readonly onError: (error: unknown) => void;
}

/** Copies one run's log into its agent's transcript, from the first byte to the closing line, each byte once. */
export class RunTail {
  readonly #options: RunTailOptions;
  #run: Run;
  #offset = 0;
  #knownBytes: number;
  #pulling: Promise<void> | null = null;
  #again = false;
  #isDone = false;
  #isDisposed = false;

  constructor(options: RunTailOptions) {
    this.#options = options;
    this.#run = options.run;
    this.#knownBytes = options.run.logBytes;
    options.transcript.open(options.run);
  }

  get isDone(): boolean {
    return this.#isDone;
  }

  /** The run as last heard of. */
  update(run: Run): void {
    this.#run = run;
    this.#knownBytes = Math.max(this.#knownBytes, run.logBytes);
  }

  /** The log has at least so many bytes now. */
  grow(bytes: number): void {
    this.#knownBytes = Math.max(this.#knownBytes, bytes);
  }

  /** Reads what there is. Calls during a pull make it look once more; the promise never rejects. */
  pull(): Promise<void> {
    this.#again = true;
    this.#pulling ??= this.#pullAll().finally(() => {
      this.#pulling = null;
    });
    return this.#pulling;
  }

  dispose(): void {
    this.#isDisposed = true;
  }

  async #pullAll(): Promise<void> {
    try {
      while (this.#again && !this.#isDone && !this.#isDisposed) {
        this.#again = false;
        await this.#pullOnce();
      }
    } catch (error) {
      const isGone = error instanceof UserError && error.kind === 'not_found';
      if (isGone && this.#run.finishedAt !== null) this.#finish();
      this.#options.onError(error);
    }
  }

  async #pullOnce(): Promise<void> {
    this.#jump();
    const { connection, transcript } = this.#options;
    const piece = await connection.request('log.read', {
      runId: this.#run.id,
      offset: this.#offset,
      maxBytes: pieceBytes,
    });
    if (this.#isDisposed) return;
    const latest = connection.state?.runs.get(this.#run.id);
    if (latest !== undefined) this.update(latest);
    transcript.write(this.#run, piece.text);
    const moved = piece.nextOffset > this.#offset;
    this.#offset = Math.max(this.#offset, piece.nextOffset);
    if (piece.isComplete && this.#run.finishedAt !== null) {
      this.#finish();
    } else if (moved) {
      this.#again = true;
    }
  }

  #finish(): void {
    this.#options.transcript.close(this.#run);
    this.#isDone = true;
  }

  #jump(): void {
    if (this.#knownBytes - this.#offset <= maxBacklogBytes) return;
    const target = this.#knownBytes - keptBacklogBytes;
    this.#options.transcript.skip(this.#run, target - this.#offset);
    this.#offset = target;
  }
}
