import { globSync, rmSync } from 'node:fs';
import path from 'node:path';
import { build } from 'esbuild';
import { root } from '../testing/command.ts';

/** Bundles the host suite as the CommonJS that an extension host loads. Answers the path of its entry. */
export async function buildHostSuite(): Promise<string> {
  const outdir = path.join(root, 'out', 'host');
  rmSync(outdir, { recursive: true, force: true });
  await build({
    absWorkingDir: root,
    entryPoints: ['test/host/entry.ts', ...globSync('test/host/**/*.test.ts', { cwd: root })],
    outdir,
    outbase: 'test/host',
    outExtension: { '.js': '.cjs' },
    bundle: true,
    platform: 'node',
    format: 'cjs',
    target: 'node22',
    sourcemap: 'inline',
    external: ['vscode', 'mocha'],
    logLevel: 'warning',
  });
  return path.join(outdir, 'entry.cjs');
}
