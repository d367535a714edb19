import type { Clock } from '../clock.ts';
import { UserError } from '../errors.ts';
import { userActor, type Actor, type Audit } from '../governance/audit.ts';
import type { RequestHandlers } from '../server.ts';
import type { ClientContext } from '../serverClient.ts';
import { writeBackup } from '../stateFiles/backup.ts';
import { writeExport } from '../stateFiles/exportState.ts';
import { readBackup, type Backup } from '../stateFiles/readBackup.ts';
import type { Store } from '../store/store.ts';

type StateRequests = Pick<
  RequestHandlers,
  'state.backUp' | 'state.inspectBackup' | 'state.restore' | 'state.export' | 'state.adopt' | 'state.delete'
>;

/** Requests about the state as a whole. */
export function stateRequests(options: {
  readonly store: Store;
  /** The store's directory, with logs and all. */
  readonly storePath: string;
  readonly wasmPath: string;
  readonly exporter: { readonly version: string; readonly folder: string; readonly org: () => string | null };
  readonly audit: Audit;
  readonly clock: Clock;
  /** Each gives the state up for good: the runtime ends after the answer. */
  readonly restore: (backup: Backup, by: Actor) => Promise<string | null>;
  readonly adopt: (entryId: string, by: Actor) => Promise<void>;
  readonly deleteAll: (by: Actor) => Promise<void>;
}): StateRequests {
  const { store, storePath, wasmPath } = options;
  const record = async (client: ClientContext, action: 'state.backedUp' | 'state.exported', bytes: number) => {
    store.transact((writer) => {
      options.audit.record(writer, { actor: userActor(client), action, target: 'state', details: { bytes } });
    });
    await store.durable();
  };
  return {
    'state.backUp': async ({ path }, client) => {
      assertMayManageState(client);
      const bytes = await writeBackup(store, path, storePath);
      await record(client, 'state.backedUp', bytes);
      return { path, bytes };
    },
    'state.inspectBackup': async ({ path }, client) => {
      assertMayManageState(client);
      return (await readBackup(path, wasmPath)).summary;
    },
    'state.restore': async ({ path, digest }, client) => {
      assertMayManageState(client);
      const backup = await readBackup(path, wasmPath);
      if (digest !== undefined && digest !== backup.summary.digest) {
        throw new UserError('refused', `${path} has changed since it was looked at. Choose it again.`);
      }
      return { quarantine: await options.restore(backup, userActor(client)) };
    },
    'state.export': async ({ path }, client) => {
      assertMayManageState(client);
      const { version, folder, org } = options.exporter;
      const source = { reader: store, version, folder, org: org(), at: options.clock.now() };
      const bytes = await writeExport(source, path, storePath);
      await record(client, 'state.exported', bytes);
      return { path, bytes };
    },
    'state.adopt': async ({ entryId }, client) => {
      assertMayManageState(client);
      await options.adopt(entryId, userActor(client));
      return {};
    },
    'state.delete': async (_params, client) => {
      assertMayManageState(client);
      await options.deleteAll(userActor(client));
      return {};
    },
  };
}

/** @throws UserError of kind `trust` when the window that asks is in Restricted Mode */
export function assertMayManageState(client: Pick<ClientContext, 'isTrusted'>): void {
  if (client.isTrusted) return;
  throw new UserError(
    'trust',
    'This workspace is not trusted, so its state can only be looked at. Run "Workspaces: Manage Workspace Trust" to trust it.',
  );
}
