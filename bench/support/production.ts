import { cpSync, mkdirSync, mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Build } from '../../src/endpoint/build.ts';
import { root, runNode } from '../../scripts/testing/command.ts';

/** The product as it ships, built into a folder of its own. */
export interface Production extends Disposable {
  /** An extension folder: the manifest and `dist/`. */
  readonly extension: string;
  readonly runtimeEntry: string;
  /** What the bundles say they are; clients that say the same are up to date. */
  readonly build: Build;
  /** A new empty folder, removed at the end. */
  makeFolder(name: string): string;
}

/** @throws Error with the build's output if it fails */
export async function buildProduction(): Promise<Production> {
  const folder = realpathSync(mkdtempSync(path.join(tmpdir(), 'reveille-bench-')));
  const extension = path.join(folder, 'extension');
  mkdirSync(extension);
  for (const name of ['package.json', 'package.nls.json', 'l10n', 'media']) {
    cpSync(path.join(root, name), path.join(extension, name), { recursive: true });
  }
  const build = { version: '1000.0.0', stamp: Math.floor(Date.now() / 1000) };
  const result = await runNode(['esbuild.mjs', '--production'], {
    output: 'capture',
    env: {
      REVEILLE_BUILD_DIR: path.join(extension, 'dist'),
      REVEILLE_BUILD_VERSION: build.version,
      REVEILLE_BUILD_STAMP: String(build.stamp),
    },
  });
  if (result.exitCode !== 0) throw new Error(`The production build failed:\n${result.output}`);
  return {
    extension,
    runtimeEntry: path.join(extension, 'dist', 'runtime.js'),
    build,
    makeFolder: (name) => mkdtempSync(path.join(folder, `${name}-`)),
    [Symbol.dispose]: () => {
      rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}
