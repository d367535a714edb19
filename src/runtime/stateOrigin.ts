import type { FolderIdentity } from '../endpoint/folderIdentity.ts';
import type { Audit } from './governance/audit.ts';
import type { Logger } from './log.ts';
import { listActiveRuns } from './store/runTable.ts';
import { forgetRestoration, readRestoration } from './store/restoredState.ts';
import { readStateFolder, writeStateFolder } from './store/stateFolder.ts';
import type { StateWriter } from './store/stateWriter.ts';
import type { Store } from './store/store.ts';
import type { WakeQueue } from './wakeups/queue.ts';

export interface StateOriginOptions {
  readonly folder: FolderIdentity;
  readonly store: Store;
  readonly state: StateWriter;
  readonly queue: Pick<WakeQueue, 'discard'>;
  readonly audit: Audit;
  readonly logger: Logger;
}

/**
 * Comes to terms with a state that is not simply the one that the folder had: one that another folder made, or one from a
 * backup. Call it before anything may start. What waited when the backup was made has run since, or was given up: it is
 * cancelled and not done again, and heartbeats are planned anew. Answers whether it was such a state: then its audit log
 * rightly ends elsewhere than the one that the folder had.
 */
export function settleOrigin(options: StateOriginOptions): boolean {
  const isAdopted = settleFolder(options);
  const restoration = readRestoration(options.store);
  if (restoration === null) return isAdopted;
  const { state, queue, store, audit, logger } = options;
  const message =
    'The state was restored from a backup in which this waited. Wake the agent again if it is still wanted.';
  let cancelled = 0;
  // Ending one may make a follow-up of what waited behind it.
  for (let active = listActiveRuns(store); active.length > 0; active = listActiveRuns(store)) {
    for (const { id } of active) queue.discard(id, message);
    cancelled += active.length;
  }
  state.commit((transaction) => {
    forgetRestoration(transaction);
    const { backup, newestAt } = restoration;
    const details = { backup, newestAt, cancelled };
    audit.record(transaction, { actor: 'runtime', action: 'state.restored', target: 'state', details });
  });
  logger.info('The state was restored from a backup', restoration.backup, `runs cancelled: ${String(cancelled)}`);
  return true;
}

function settleFolder({ folder, store, state, audit, logger }: StateOriginOptions): boolean {
  const known = readStateFolder(store);
  if (known?.id === folder.id && known.path === folder.path) return false;
  const isAdopted = known !== null && known.id !== folder.id;
  state.commit((transaction) => {
    writeStateFolder(transaction, folder);
    if (!isAdopted) return;
    const details = { from: known.path, to: folder.path };
    audit.record(transaction, { actor: 'runtime', action: 'state.adopted', target: 'state', details });
  });
  if (isAdopted) logger.info('The state was adopted from another folder', known.path);
  return isAdopted;
}
