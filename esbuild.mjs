/**
 * Builds everything that ships, into dist/.
 *
 *   --production   minified, no source maps
 *   --watch        builds again whenever a source changes
 *   --only a,b     only these targets: extension, runtime, cli, dashboard, wasm, schema
 *
 * REVEILLE_BUILD_VERSION and REVEILLE_BUILD_STAMP replace the version and the time of the build (epoch seconds), and
 * REVEILLE_BUILD_DIR replaces dist/: tests let an older build meet a newer one with them.
 */
import { context } from 'esbuild';
import { copyFile, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';
import process from 'node:process';
import { parseArgs } from 'node:util';

const root = import.meta.dirname;
const outputFolder = path.resolve(root, process.env.REVEILLE_BUILD_DIR ?? 'dist');
const { values: options } = parseArgs({
  options: { production: { type: 'boolean' }, watch: { type: 'boolean' }, only: { type: 'string' } },
});
const manifest = JSON.parse(await readFile(path.join(root, 'package.json'), 'utf8'));

const shared = {
  absWorkingDir: root,
  bundle: true,
  minify: options.production === true,
  sourcemap: options.production ? false : 'linked',
  sourcesContent: false,
  legalComments: 'none',
  logLevel: options.watch ? 'info' : 'warning',
  define: {
    __BUILD_VERSION__: JSON.stringify(process.env.REVEILLE_BUILD_VERSION ?? manifest.version),
    __BUILD_STAMP__: process.env.REVEILLE_BUILD_STAMP ?? String(Math.floor(Date.now() / 1000)),
  },
};

/**
 * CommonJS, where `import.meta` keeps its meaning. Node 22 is what the oldest supported editor brings; execa needs it.
 */
const node = {
  ...shared,
  platform: 'node',
  format: 'cjs',
  target: 'node22',
  // Packages that offer both are bundled from their ESM half, which tree-shakes.
  mainFields: ['module', 'main'],
  define: {
    ...shared.define,
    'import.meta.url': 'importMetaUrl',
    'import.meta.dirname': '__dirname',
    'import.meta.filename': '__filename',
  },
  banner: { js: "const importMetaUrl = require('node:url').pathToFileURL(__filename).href;" },
};

/**
 * The first statement of the runtime, and of its spawner: the young generation does not grow. A spawn copies the page
 * tables of the process, about 0.045 ms per MB of anonymous memory, so a small one starts agents sooner.
 */
const smallHeap = "require('node:v8').setFlagsFromString('--semi-space-growth-factor=1');";

const browser = {
  ...shared,
  platform: 'browser',
  format: 'iife',
  target: 'es2022',
  loader: { '.svg': 'dataurl', '.ttf': 'dataurl' },
};

const at = (name) => path.join(outputFolder, name);

const targets = {
  extension: {
    settings: { ...node, entryPoints: ['src/extension.ts'], outfile: at('extension.js'), external: ['vscode'] },
  },
  /** With the spawner, which is of no use without the other. */
  runtime: {
    settings: {
      ...node,
      entryPoints: { runtime: 'src/runtime/main.ts', spawner: 'src/runtime/runs/spawner/spawnerProgram.ts' },
      outdir: outputFolder,
      banner: { js: `${smallHeap}\n${node.banner.js}` },
    },
  },
  cli: { settings: { ...node, entryPoints: ['src/cli.ts'], outfile: at('cli.js') } },
  dashboard: { settings: { ...browser, entryPoints: { dashboard: 'webview-ui/dashboard.ts' }, outdir: outputFolder } },
  styles: { settings: { ...browser, entryPoints: { dashboard: 'webview-ui/dashboard.css' }, outdir: outputFolder } },
  wasm: { write: copyWasm },
  schema: { write: writeSchema },
};

async function copyWasm() {
  await copyFile(createRequire(import.meta.url).resolve('sql.js/dist/sql-wasm.wasm'), at('sql-wasm.wasm'));
}

/** The JSON Schema that editors use to complete and check reveille.yaml. */
async function writeSchema() {
  const { toConfigurationJsonSchema } = await import('./src/runtime/config/schema.ts');
  await writeFile(at('reveille.schema.json'), `${JSON.stringify(toConfigurationJsonSchema(), null, 2)}\n`);
}

async function build(target) {
  if (target.write !== undefined) return target.write();
  const building = await context(target.settings);
  if (options.watch) return building.watch();
  try {
    await building.rebuild();
  } finally {
    await building.dispose();
  }
}

const chosen = options.only?.split(',') ?? Object.keys(targets);
const unknown = chosen.filter((name) => targets[name] === undefined);
if (unknown.length > 0)
  throw new Error(`No such target: ${unknown.join(', ')}. There are ${Object.keys(targets).join(', ')}.`);

if (options.only === undefined && !options.watch) await rm(outputFolder, { recursive: true, force: true });
await mkdir(outputFolder, { recursive: true });
const results = await Promise.allSettled(chosen.map((name) => build(targets[name])));
for (const [index, result] of results.entries()) {
  if (result.status === 'rejected') process.stderr.write(`${chosen[index]}: ${result.reason.message}\n`);
}
if (results.some((result) => result.status === 'rejected')) process.exitCode = 1;
