import { makeTemporaryFolder, type TemporaryFolder } from './temporaryFolder.ts';

/** Gives each test of the surrounding `describe` a fresh folder, removed after its `afterEach` hooks. */
export function useTemporaryFolder(): { readonly path: string } {
  let folder = null as TemporaryFolder | null;
  const remove = (): void => {
    folder?.[Symbol.dispose]();
    folder = null;
  };
  beforeEach(() => {
    remove();
    folder = makeTemporaryFolder();
  });
  after(remove);
  return {
    get path(): string {
      if (folder === null) throw new Error('There is a folder only while a test runs');
      return folder.path;
    },
  };
}
