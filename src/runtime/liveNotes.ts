import type { Clock } from './clock.ts';
import type { Disposable } from './lifecycle.ts';

interface Note {
  text: string;
  toldAt: number;
  timer: Disposable | null;
}

const tellEveryMs = 1000;

/** What running runs say they are at: kept in memory only, and told at most once a second for each. */
export class LiveNotes implements Disposable {
  readonly #clock: Clock;
  readonly #onDidChange: (runId: string) => void;
  readonly #notes = new Map<string, Note>();

  constructor(clock: Clock, onDidChange: (runId: string) => void) {
    this.#clock = clock;
    this.#onDidChange = onDidChange;
  }

  get(runId: string): string | undefined {
    return this.#notes.get(runId)?.text;
  }

  set(runId: string, text: string): void {
    const note = this.#notes.get(runId);
    if (note === undefined) {
      this.#notes.set(runId, { text, toldAt: this.#clock.monotonic(), timer: null });
      this.#onDidChange(runId);
      return;
    }
    if (note.text === text) return;
    note.text = text;
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
