import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { Build } from '../../src/endpoint/build.ts';
import { makeTemporaryFolder, type TemporaryFolder } from './temporaryFolder.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** The bundles of one build of the product, as they are installed. */
export interface Product {
  readonly build: Build;
  /** Holds runtime.js, sql-wasm.wasm and cli.js. */
  readonly directory: string;
}

const products = new Map<string, Promise<Product>>();
let productsFolder: TemporaryFolder | null = null;

/** Builds the real runtime and command line, once for each build and process. */
export function buildProduct(build: Build = { version: '1.0.0', stamp: 1 }): Promise<Product> {
  const key = `${build.version}-${build.stamp}`;
  const known = products.get(key);
  if (known) return known;
  productsFolder ??= removedAtExit();
  const directory = join(productsFolder.path, key);
  const env = {
    ...process.env,
    REVEILLE_BUILD_DIR: directory,
    REVEILLE_BUILD_VERSION: build.version,
    REVEILLE_BUILD_STAMP: String(build.stamp),
  };
  const args = ['esbuild.mjs', '--only', 'runtime,wasm,cli'];
  const building = promisify(execFile)(process.execPath, args, { cwd: root, env }).then(() => ({ build, directory }));
  products.set(key, building);
  return building;
}

function removedAtExit(): TemporaryFolder {
  const folder = makeTemporaryFolder('reveille-build-');
  process.once('exit', () => folder[Symbol.dispose]());
  return folder;
}
