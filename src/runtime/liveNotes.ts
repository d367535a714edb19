import type { Clock } from './clock.ts';
import type { Disposable } from './lifecycle.ts';
import type { RunUsage } from './model.ts';

/** What a running run says of itself. */
interface Said {
  /** What it is at. */
  readonly text?: string;
  /** What it has used until now. */
  readonly usage?: RunUsage;
}

interface Note {
  said: Said;
  toldAt: number;
  timer: Disposable | null;
}

const tellEveryMs = 1000;

/** What running runs say they are at, and have used: kept in memory only, and told at most once a second for each. */
export class LiveNotes implements Disposable {
  readonly #clock: Clock;
  readonly #onDidChange: (runId: string) => void;
  readonly #notes = new Map<string, Note>();

  constructor(clock: Clock, onDidChange: (runId: string) => void) {
    this.#clock = clock;
    this.#onDidChange = onDidChange;
  }

  get(runId: string): Said {
    return this.#notes.get(runId)?.said ?? {};
  }

  /** Adds to what it said before. */
  set(runId: string, more: Said): void {
    const note = this.#notes.get(runId);
    if (note === undefined) {
      this.#notes.set(runId, { said: more, toldAt: this.#clock.monotonic(), timer: null });
      this.#onDidChange(runId);
      return;
    }
    const said = { ...note.said, ...more };
    if (said.text === note.said.text && said.usage === note.said.usage) return;
    note.said = said;
    const leftMs = note.toldAt + tellEveryMs - this.#clock.monotonic();
    note.timer ??= this.#clock.setTimeout(
      () => {
        note.timer = null;
        note.toldAt = this.#clock.monotonic();
        this.#onDidChange(runId);
      },
      Math.max(1, leftMs),
    );
  }

  /** Call when the run has ended. */
  delete(runId: string): void {
    this.#notes.get(runId)?.timer?.dispose();
    this.#notes.delete(runId);
  }

  dispose(): void {
    for (const runId of [...this.#notes.keys()]) this.delete(runId);
  }
}
