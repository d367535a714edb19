/**
 * Makes reveille-<version>.vsix with a production build. A warning of vsce fails, and so does a package over 2 MB.
 *
 *   --out file   where to write it
 */
import { existsSync, readFileSync, rmSync, statSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { packageBin, root, runNode } from './testing/command.ts';

const mostBytes = 2 * 1024 * 1024;
const { values } = parseArgs({ options: { out: { type: 'string' } } });
const { version } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8')) as { version: string };
const out = path.resolve(values.out ?? path.join(root, `reveille-${version}.vsix`));

function fail(message: string): never {
  rmSync(out, { force: true });
  process.stderr.write(`${message}\n`);
  process.exit(1);
}

rmSync(out, { force: true });
const packaging = await runNode([packageBin('@vscode/vsce/vsce'), 'package', '--no-dependencies', '--out', out], {
  output: 'capture',
});
// vsce builds for production (vscode:prepublish); the tree gets its development build back.
await runNode(['esbuild.mjs'], { output: 'capture' });
if (packaging.exitCode !== 0 || !existsSync(out)) fail(`vsce failed:\n${packaging.output}`);
const warnings = packaging.output.split('\n').filter((line) => /\bWARN/i.test(line) && !line.startsWith('npm warn'));
if (warnings.length > 0) fail(`vsce warns:\n${warnings.join('\n')}`);
const bytes = statSync(out).size;
if (bytes > mostBytes) fail(`${out} has ${bytes} bytes; the most is ${mostBytes}.`);
process.stdout.write(`${out} (${(bytes / 1024).toFixed(0)} kB)\n`);
