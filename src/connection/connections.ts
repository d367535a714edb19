import { toError } from '../runtime/errors.ts';
import { Emitter, type Event } from '../runtime/events.ts';
import type { Disposable } from '../runtime/lifecycle.ts';
import type { FolderConnection } from './connection.ts';
import {
  RuntimeFolderConnection,
  type ClientSettings,
  type ConnectionOptions,
  type FolderReference,
} from './folderConnection.ts';

interface Member {
  readonly reference: FolderReference;
  readonly connection: RuntimeFolderConnection;
  readonly subscription: Disposable;
}

/** The connections of a window: one for each of its folders, as long as it has them. */
export class Connections implements Disposable {
  readonly #options: ConnectionOptions;
  readonly #didChangeEmitter: Emitter<void>;
  #settings: ClientSettings;
  #members: readonly Member[] = [];
  #isDisposed = false;

  constructor(settings: ClientSettings, options: ConnectionOptions) {
    this.#settings = settings;
    this.#options = options;
    this.#didChangeEmitter = new Emitter((error) => {
      options.logger.error('A listener of the connections failed', toError(error));
    });
  }

  /** In the order of the window. */
  get folders(): readonly FolderConnection[] {
    return this.#members.map(({ connection }) => connection);
  }

  /** Fires after the list, or the status or state of one of its folders, changed. */
  get onDidChange(): Event<void> {
    return this.#didChangeEmitter.event;
  }

  /** Connects new folders, lets go of those that are gone, leaves the others alone. */
  setFolders(references: readonly FolderReference[]): void {
    if (this.#isDisposed) return;
    const before = this.#members;
    const kept = references.map(
      (reference) => before.find((member) => isSame(member.reference, reference)) ?? reference,
    );
    const added: RuntimeFolderConnection[] = [];
    this.#members = kept.map((item) => {
      if ('connection' in item) return item;
      const member = this.#add(item);
      added.push(member.connection);
      return member;
    });
    for (const member of before) if (!this.#members.includes(member)) release(member);
    this.#didChangeEmitter.fire();
    for (const connection of added) connection.start();
  }

  /** Connects folders that were unused and have a configuration by now. */
  startUsed(): void {
    for (const { connection } of this.#members) if (connection.status.kind === 'unused') connection.start();
  }

  /** Trust was granted, or a setting that the runtimes know was changed. */
  updateSettings(settings: ClientSettings): void {
    this.#settings = settings;
    for (const { connection } of this.#members) connection.updateSettings(settings);
  }

  dispose(): void {
    this.#isDisposed = true;
    for (const member of this.#members) release(member);
    this.#members = [];
    this.#didChangeEmitter.dispose();
  }

  #add(reference: FolderReference): Member {
    const connection = new RuntimeFolderConnection(reference, this.#settings, this.#options);
    const subscription = connection.onDidChange(() => {
      this.#didChangeEmitter.fire();
    });
    return { reference, connection, subscription };
  }
}

function isSame(a: FolderReference, b: FolderReference): boolean {
  return a.path === b.path && a.name === b.name;
}

function release({ connection, subscription }: Member): void {
  subscription.dispose();
  connection.dispose();
}
