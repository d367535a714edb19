import type { Params } from '../protocol.ts';
import type { Event } from './events.ts';
import type { Disposable } from './lifecycle.ts';

/** A client that falls this many bytes behind gets no more changes, and one snapshot once it has caught up. */
export const maxUnsentBytes = 4 * 1024 * 1024;

/** One attached client, as handlers of requests see it. */
export interface ClientContext {
  /** Unique within this runtime. */
  readonly id: number;
  readonly kind: 'window' | 'cli';
  /** False in Restricted Mode: may read, pause and cancel; never start or accept. */
  readonly isTrusted: boolean;
  readonly version: string;
  /** As last said by this client; undefined if it has no say. */
  readonly whenWindowsClose: 'finishRuns' | 'keepRunning' | 'stop' | undefined;
  readonly maxUnattendedHours: number | undefined;
}

/** Where a client's messages leave. */
export interface Outlet {
  readonly unsentBytes: number;
  readonly onDidDrain: Event<void>;
  sendFrame(frame: Buffer): void;
}

/**
 * What the server sends one attached client unasked.
 * `silent → current` by synchronizing; `current → behind` when too much is unsent; `behind → current` by a new snapshot
 * once everything has left.
 */
export class ServerClient implements ClientContext, Disposable {
  readonly id: number;
  readonly kind: 'window' | 'cli';
  readonly version: string;
  isTrusted: boolean;
  whenWindowsClose: ClientContext['whenWindowsClose'];
  maxUnattendedHours: number | undefined;
  isWatchingLogs = false;
  readonly #outlet: Outlet;
  readonly #drained: Disposable;
  #sync: 'silent' | 'current' | 'behind' = 'silent';

  /** `snapshotFrame` makes the message that replaces all the client has. */
  constructor(id: number, params: Params<'attach'>, outlet: Outlet, snapshotFrame: () => Buffer) {
    this.id = id;
    this.kind = params.kind;
    this.version = params.version;
    this.isTrusted = params.isTrusted;
    this.whenWindowsClose = params.whenWindowsClose;
    this.maxUnattendedHours = params.maxUnattendedHours;
    this.#outlet = outlet;
    this.#drained = outlet.onDidDrain(() => {
      if (this.#sync !== 'behind') return;
      this.#sync = 'current';
      outlet.sendFrame(snapshotFrame());
    });
  }

  update(params: Params<'updateClient'>): void {
    this.isTrusted = params.isTrusted;
    this.whenWindowsClose = params.whenWindowsClose ?? this.whenWindowsClose;
    this.maxUnattendedHours = params.maxUnattendedHours ?? this.maxUnattendedHours;
  }

  startChanges(): void {
    this.#sync = 'current';
  }

  /** Sends one batch; null stands for a batch too long to be sent, which a snapshot replaces. */
  sendChanges(frame: Buffer | null, snapshotFrame: () => Buffer): void {
    if (this.#sync !== 'current') return;
    if (this.#outlet.unsentBytes > maxUnsentBytes) this.#sync = 'behind';
    else this.#outlet.sendFrame(frame ?? snapshotFrame());
  }

  /** Announcements about logs carry sizes, so leaving some out loses nothing but promptness. */
  sendLogGrowth(frame: Buffer, isLast: boolean): void {
    if (this.isWatchingLogs && (isLast || this.#outlet.unsentBytes <= maxUnsentBytes)) this.#outlet.sendFrame(frame);
  }

  dispose(): void {
    this.#drained.dispose();
  }
}
