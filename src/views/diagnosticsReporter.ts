import { createHash } from 'node:crypto';
import type { FolderConnection } from '../connection/connection.ts';
import type { Params } from '../protocol.ts';
import type { Clock } from '../runtime/clock.ts';
import { toError } from '../runtime/errors.ts';
import type { Disposable } from '../runtime/lifecycle.ts';
import type { Logger } from '../runtime/log.ts';

/** An error or a warning, as the editor shows it. */
export interface SeenDiagnostic {
  /** Relative to the folder. */
  readonly path: string;
  readonly severity: 'error' | 'warning';
  /** Start and end, in lines and characters. */
  readonly range: readonly [number, number, number, number];
  readonly message: string;
}

type Report = Params<'diagnostics.report'>;

/** More are counted, but not told apart. */
const mostHashed = 10_000;
const hashedCharacters = 500;
/** Errors and warnings come and go while somebody types, in milliseconds. */
const settleMs = 1500;
/** Longest that they may go on doing so before they are reported as they are, in milliseconds. */
const longestMs = 10_000;
/** A window that has just opened knows none, and finds them again one after the other, in milliseconds. */
const quietStartMs = 30_000;

/** How many errors and warnings there are, and a SHA-256 over them in an order of their own. */
export function toReport(seen: readonly SeenDiagnostic[]): Report {
  const lines = seen
    .map(({ path, severity, range, message }) =>
      JSON.stringify([path, range, severity, message.slice(0, hashedCharacters)]),
    )
    .sort()
    .slice(0, mostHashed);
  const errors = seen.filter(({ severity }) => severity === 'error').length;
  return {
    digest: createHash('sha256').update(lines.join('\n')).digest('hex'),
    errors,
    warnings: seen.length - errors,
  };
}

export interface DiagnosticsReporterOptions {
  readonly folders: () => readonly Pick<FolderConnection, 'path' | 'status' | 'state' | 'request'>[];
  /** Those of a folder, by its real path. */
  readonly read: (folder: string) => readonly SeenDiagnostic[];
  readonly isTrusted: () => boolean;
  readonly clock: Clock;
  readonly log: Logger;
}

/**
 * Tells runtimes which errors and warnings the window shows: only those with an agent whose `onlyIf` names them, only when they
 * have become others, and not before the window has been open for a while.
 */
export class DiagnosticsReporter implements Disposable {
  readonly #options: DiagnosticsReporterOptions;
  readonly #sent = new Map<string, string>();
  readonly #readyAt: number;
  #timer: Disposable | null = null;
  /** When the first call of `schedule` came that was not followed up yet. */
  #since: number | null = null;

  constructor(options: DiagnosticsReporterOptions) {
    this.#options = options;
    this.#readyAt = options.clock.monotonic() + quietStartMs;
  }

  /** Errors, warnings or connections may be others; looks at them once they have come to rest. */
  schedule(): void {
    const { clock } = this.#options;
    const now = clock.monotonic();
    this.#since ??= now;
    const at = Math.max(this.#readyAt, Math.min(now + settleMs, this.#since + longestMs));
    this.#timer?.dispose();
    this.#timer = clock.setTimeout(() => {
      this.#since = null;
      void this.#report();
    }, at - now);
  }

  dispose(): void {
    this.#timer?.dispose();
  }

  async #report(): Promise<void> {
    const { folders, read, isTrusted, log } = this.#options;
    if (!isTrusted()) return;
    for (const folder of folders()) {
      if (!wantsDiagnostics(folder)) continue;
      const report = toReport(read(folder.path));
      // Another runtime may have another state.
      const key = `${report.digest} ${String(folder.state?.runtime.startedAt)}`;
      if (this.#sent.get(folder.path) === key) continue;
      this.#sent.set(folder.path, key);
      try {
        await folder.request('diagnostics.report', report);
      } catch (error) {
        this.#sent.delete(folder.path);
        log.warn('Errors and warnings could not be reported', toError(error).message);
      }
    }
  }
}

function wantsDiagnostics({ status, state }: Pick<FolderConnection, 'status' | 'state'>): boolean {
  if (status.kind !== 'connected' || state === null) return false;
  return [...state.agents.values()].some(({ heartbeat }) => heartbeat.onlyIf.includes('diagnostics'));
}
