import type { Params, RetentionSettings } from '../protocol.ts';
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
  /** The run in which an agent acts through this client; null for a person's. */
  readonly run: { readonly id: string; readonly agent: string } | null;
  /** As last said by this client; undefined if it has no say. */
  readonly whenWindowsClose: 'finishRuns' | 'keepRunning' | 'stop' | undefined;
  readonly maxUnattendedHours: number | undefined;
  /** What a window brought to chain the audit log with, as hex digits. */
  readonly auditKey: string | undefined;
  readonly retention: RetentionSettings | undefined;
  readonly maxConcurrentRuns: number | undefined;
  readonly environment: Readonly<Record<string, string>> | undefined;
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
 * once everything has left and the snapshot is durable.
 */
export class ServerClient implements ClientContext, Disposable {
  readonly id: number;
  readonly kind: 'window' | 'cli';
  readonly version: string;
  readonly run: ClientContext['run'];
  isTrusted: boolean;
  whenWindowsClose: ClientContext['whenWindowsClose'];
  maxUnattendedHours: number | undefined;
  auditKey: string | undefined;
  retention: RetentionSettings | undefined;
  maxConcurrentRuns: number | undefined;
  environment: ClientContext['environment'];
  isWatchingLogs = false;
  readonly #outlet: Outlet;
  readonly #drained: Disposable;
  readonly #snapshotFrame: () => Promise<Buffer>;
  /** Batches published while a snapshot is on its way to the disk: a few milliseconds. */
  readonly #held: (Buffer | null)[] = [];
  #sync: 'silent' | 'current' | 'behind' | 'catching up' = 'silent';

  /** `snapshotFrame` makes the message that replaces all the client has. */
  constructor(
    id: number,
    params: Omit<Params<'attach'>, 'runId'> & Pick<ClientContext, 'run'>,
    outlet: Outlet,
    snapshotFrame: () => Promise<Buffer>,
  ) {
    this.id = id;
    this.kind = params.kind;
    this.version = params.version;
    this.run = params.run;
    this.isTrusted = params.isTrusted;
    this.whenWindowsClose = params.whenWindowsClose;
    this.maxUnattendedHours = params.maxUnattendedHours;
    this.auditKey = params.auditKey;
    this.retention = params.retention;
    this.maxConcurrentRuns = params.maxConcurrentRuns;
    this.environment = params.environment;
    this.#outlet = outlet;
    this.#snapshotFrame = snapshotFrame;
    this.#drained = outlet.onDidDrain(() => {
      if (this.#sync === 'behind') this.#catchUp();
    });
  }

  update(params: Params<'updateClient'>): void {
    this.isTrusted = params.isTrusted;
    this.whenWindowsClose = params.whenWindowsClose ?? this.whenWindowsClose;
    this.maxUnattendedHours = params.maxUnattendedHours ?? this.maxUnattendedHours;
    this.auditKey = params.auditKey ?? this.auditKey;
    this.retention = params.retention ?? this.retention;
    this.maxConcurrentRuns = params.maxConcurrentRuns ?? this.maxConcurrentRuns;
    this.environment = params.environment ?? this.environment;
  }

  startChanges(): void {
    this.#sync = 'current';
  }

  /** Sends one batch; null stands for a batch too long to be sent, which a snapshot replaces. */
  sendChanges(frame: Buffer | null): void {
    if (this.#sync === 'catching up') this.#held.push(frame);
    if (this.#sync !== 'current') return;
    if (this.#outlet.unsentBytes > maxUnsentBytes) this.#sync = 'behind';
    else if (frame === null) this.#catchUp();
    else this.#outlet.sendFrame(frame);
  }

  /** What is published until the snapshot leaves follows it; the client knows by the numbers what is in it already. */
  #catchUp(): void {
    this.#sync = 'catching up';
    this.#snapshotFrame().then(
      (frame) => {
        this.#sync = 'current';
        this.#outlet.sendFrame(frame);
        for (const held of this.#held.splice(0)) this.sendChanges(held);
      },
      // Without durability nothing is told; the runtime ends and the client finds its successor.
      () => undefined,
    );
  }

  /** Announcements about logs carry sizes, so leaving some out loses nothing but promptness. */
  sendLogGrowth(frame: Buffer, isLast: boolean): void {
    if (this.isWatchingLogs && (isLast || this.#outlet.unsentBytes <= maxUnsentBytes)) this.#outlet.sendFrame(frame);
  }

  dispose(): void {
    this.#drained.dispose();
  }
}
