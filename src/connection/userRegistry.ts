import { Registry } from '../endpoint/registry.ts';

/**
 * Opens the user's registry for a window.
 * @throws UserError of kind `storage` if its directory cannot be made or is not private.
 */
export function openUserRegistry(): Registry {
  return Registry.open();
}
