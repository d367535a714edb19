import { toError } from './errors.ts';
import type { Actor, Audit } from './governance/audit.ts';
import type { Logger } from './log.ts';
import { listRunningRuns } from './store/runTable.ts';
import type { Store } from './store/store.ts';

/**
 * The first entry of each life of a runtime: everything up to the key that a window brings is chained without one.
 * @param begin.isContinued a person chose to go on without what was lost: only then does the log rightly end earlier than it did
 */
export function recordStart(
  store: Store,
  audit: Audit,
  begin: { readonly version: string; readonly isStopped: boolean; readonly isContinued: boolean },
): void {
  const { remarks } = store;
  const { version, isStopped, isContinued } = begin;
  const lostRuns = listRunningRuns(store).length;
  store.transact((writer) => {
    const details = { version, lostRuns, isStopped };
    audit.record(writer, { actor: 'runtime', action: 'runtime.started', target: 'runtime', details });
    if (remarks.length === 0) return;
    const action = isContinued ? 'state.continued' : 'state.recovered';
    audit.record(writer, { actor: 'runtime', action, target: 'state', text: remarks.join('\n') });
  });
}

/** The last entry; a store that cannot be written is what ends a runtime in the first place, and is only logged. */
export function recordEnd(
  store: Store,
  audit: Audit,
  end: { readonly actor: Actor; readonly reason: string; readonly logger: Logger },
): void {
  try {
    const entry = { actor: end.actor, action: 'runtime.stopped', target: 'runtime', text: end.reason } as const;
    store.transact((writer) => {
      audit.record(writer, entry);
    });
  } catch (error) {
    end.logger.warn('The end of the runtime was not recorded', toError(error).message);
  }
}
