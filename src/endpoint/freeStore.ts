import { hostname } from 'node:os';
import { UserError } from '../runtime/errors.ts';
import { isAlive } from '../runtime/processIdentity.ts';
import { inspectOwner } from './ownerRecord.ts';

/**
 * Makes sure that nobody works with a store.
 * @throws UserError of kind `owned_elsewhere` if a runtime has it that lives, or that may live on another machine
 */
export function assertFree(store: string): void {
  const reading = inspectOwner(store);
  if (reading.kind !== 'record' || reading.record.released) return;
  const { host, identity } = reading.record;
  if (host === hostname() && !isAlive(identity)) return;
  throw new UserError(
    'owned_elsewhere',
    `A Reveille runtime (process ${String(identity.pid)} on ${host}) still works with that state. Close the windows of its folder, then try again.`,
  );
}

/** False while a runtime has the store, or may have it on another machine. */
export function isFree(store: string): boolean {
  try {
    assertFree(store);
    return true;
  } catch (error) {
    if (error instanceof UserError) return false;
    throw error;
  }
}
