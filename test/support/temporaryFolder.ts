import { mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A fresh folder (real path) that is removed by `using`. */
export interface TemporaryFolder extends Disposable {
  readonly path: string;
}

export function makeTemporaryFolder(prefix = 'reveille-test-'): TemporaryFolder {
  const path = realpathSync(mkdtempSync(join(tmpdir(), prefix)));
  return {
    path,
    [Symbol.dispose]() {
      // A process that is just ending may still write into it.
      rmSync(path, { recursive: true, force: true, maxRetries: 20, retryDelay: 50 });
    },
  };
}
