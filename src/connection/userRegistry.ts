import type { Build } from '../endpoint/build.ts';
import { ownBuild } from '../endpoint/ownBuild.ts';
import { Registry } from '../endpoint/registry.ts';

/** The build that a window brings along. */
export const windowBuild: Build = ownBuild;

/**
 * Opens the user's registry for a window.
 * @throws UserError of kind `storage` if its directory cannot be made or is not private.
 */
export function openUserRegistry(): Registry {
  return Registry.open();
}
