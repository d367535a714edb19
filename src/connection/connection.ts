import type { Method, Notifications, Params, Result } from '../protocol.ts';
import type { Event } from '../runtime/events.ts';
import type { Disposable } from '../runtime/lifecycle.ts';
import type { FolderState } from './folderState.ts';
import type { Orphan } from './orphans.ts';

/** Where the connection to a folder's runtime stands. */
export type ConnectionStatus =
  /** The folder has neither a configuration nor state: nothing is started for it. */
  | { readonly kind: 'unused' }
  /** Starting or joining the runtime, or doing so again after it was lost. */
  | {
      readonly kind: 'connecting';
      readonly isReconnect: boolean;
      /** True while an older runtime finishes its runs before it is replaced; takes ten minutes at most. */
      readonly isWaitingForOlder?: boolean;
    }
  | { readonly kind: 'connected' }
  /** Given up until `retry`; the message says what happened and what to do next. */
  | {
      readonly kind: 'failed';
      readonly message: string;
      readonly action: 'retry' | 'reload' | 'restartRuntime' | 'chooseState';
    };

/** One folder as its views see it. */
export interface FolderConnection extends Disposable {
  /** Display name of the workspace folder. */
  readonly name: string;
  /** Its real path. */
  readonly path: string;
  readonly status: ConnectionStatus;
  /** The mirrored state; the last known one while reconnecting; null before the first snapshot. */
  readonly state: FolderState | null;
  /** Fires after `status` or `state` changed. */
  readonly onDidChange: Event<void>;
  /** Fires while a run's log grows, once `watchLogs(true)` was called. */
  readonly onDidGrowLog: Event<Notifications['logGrew']>;
  /**
   * Sends a request; waits for a connection that is being made (10 s at most).
   * @throws UserError with the runtime's message, or of kind `unreachable`.
   */
  request<M extends Method>(method: M, params: Params<M>): Promise<Result<M>>;
  watchLogs(enabled: boolean): void;
  /** Tries again after `failed`, or starts a runtime for an `unused` folder. Never ends anything. */
  retry(): void;
  /**
   * Where the runtime lives and does not answer (`failed` with the action `restartRuntime`): ends that process, if it
   * still is the one that was seen, and starts a new one. Otherwise the same as `retry`.
   */
  restartRuntime(): void;
  /**
   * Where the state is damaged (`failed` with the action `chooseState`): goes on with what can be read of it; the damaged files
   * are kept. Otherwise the same as `retry`.
   */
  continueDamaged(): void;
  /** States in the user's registry that no folder uses, the last written first. */
  listOrphans(): Promise<readonly Orphan[]>;
  /**
   * Gives the folder the state of another one, under `Orphan.id`; what runs is cancelled. The state that it had is an orphan
   * afterwards, so that the same undoes it. Resolves when the registry says so; the connection follows.
   * @throws UserError
   */
  adopt(orphanId: string): Promise<void>;
  /** Starts a runtime that puts a backup in the place of the state, which may be damaged. Only while no runtime is connected. */
  restoreFrom(backup: string): void;
  /** Deletes the state and the logs of the folder, and its entry in the registry. @throws UserError */
  deleteState(): Promise<void>;
}
