import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { build } from 'esbuild';
import { remoteUri, startVsCodeHost, type VsCodeHost } from '../scripts/host/vsCodeHost.ts';
import { root } from '../scripts/testing/command.ts';
import type { ActivationOrder, ActivationSighting } from './activationProbe.ts';
import type { Bench, Figure } from './support/figure.ts';
import { formatMs, median } from './support/statistics.ts';

const rounds = 5;
const goalMs = 30;
const own = 'reveille.reveille';
const empty = 'bench.empty';

/** Activating in a real extension host, in a folder that has agents, against an extension that does nothing. */
export const activation: Figure = async (bench) => {
  const home = bench.production.makeFolder('activation');
  const probe = await bundleProbe(home);
  const emptyExtension = writeEmptyExtension(home);
  const results = path.join(home, 'results.jsonl');
  for (let round = 0; round < rounds; round += 1) {
    await probeOnce(bench, { probe, results, extension: own, folder: bench.production.extension });
    await probeOnce(bench, { probe, results, extension: empty, folder: emptyExtension });
  }
  const sightings = readFileSync(results, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as ActivationSighting);
  const ofOwn = sightings.filter(({ extension }) => extension === own);
  const mine = median(ofOwn.map(({ tookMs }) => tookMs));
  const theirs = median(sightings.filter(({ extension }) => extension === empty).map(({ tookMs }) => tookMs));
  const ownMs = median(ofOwn.map((sighting) => sighting.ownMs));
  const opened = [...new Set(ofOwn.flatMap((sighting) => sighting.opened))];
  return [
    {
      figure: `activation in VS Code (of which ${formatMs(ownMs)} in our activate), median of ${String(rounds)}`,
      ours: formatMs(mine),
      against: `${formatMs(theirs)} empty extension`,
      ratio: mine / theirs,
      goal: `≤ ${String(goalMs)} ms more`,
      isMet: mine - theirs <= goalMs,
    },
    {
      figure: 'spawned or opened before activate returned',
      ours: opened.length === 0 ? 'nothing' : opened.join(', '),
      against: '',
      ratio: null,
      goal: 'nothing',
      isMet: opened.length === 0,
    },
  ];
};

interface Probe {
  readonly probe: string;
  readonly results: string;
  readonly extension: string;
  /** Where the extension lies. */
  readonly folder: string;
}

/** One new server and window, in which the extension has not been active; the workbench takes one extension under development at a time. */
async function probeOnce({ production }: Bench, { probe, results, extension, folder }: Probe): Promise<void> {
  const dataFolder = production.makeFolder('host');
  const workspace = production.makeFolder('opened');
  const configuration = 'agents:\n  idle: { adapter: process, command: "true" }\n';
  const stateHome = path.join(dataFolder, 'state', 'reveille');
  const order: ActivationOrder = { extension, results, configuration, stateHome };
  await using host = await startVsCodeHost({
    workspace,
    dataFolder,
    trust: true,
    extensionDevelopmentPath: folder,
    env: { BENCH_ACTIVATION: JSON.stringify(order) },
  });
  await runProbe(host, probe);
}

async function runProbe(host: VsCodeHost, probe: string): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  const said: string[] = [];
  const limit = setTimeout(() => {
    reject(new Error(`The probe in the extension host did not end:\n${said.slice(-5).join('\n')}`));
  }, 90_000);
  await host.openWindow({
    payload: [['extensionTestsPath', remoteUri(host.server, probe)]],
    prepare: async (page) => {
      await page.exposeFunction('codeAutomationLog', (_type: string, args: unknown[]) => said.push(args.join(' ')));
      await page.exposeFunction('codeAutomationExit', resolve);
    },
  });
  const code = await promise.finally(() => {
    clearTimeout(limit);
  });
  if (code !== 0) throw new Error(`The probe in the extension host failed:\n${said.slice(-5).join('\n')}`);
}

async function bundleProbe(home: string): Promise<string> {
  const outfile = path.join(home, 'probe.cjs');
  const entryPoints = [path.join(root, 'bench/activationProbe.ts')];
  await build({ entryPoints, outfile, bundle: true, platform: 'node', format: 'cjs', external: ['vscode'] });
  return outfile;
}

function writeEmptyExtension(home: string): string {
  const folder = path.join(home, 'empty');
  const [publisher, name] = empty.split('.');
  const manifest = { publisher, name, version: '1.0.0', main: './main.js', engines: { vscode: '^1.101.0' } };
  mkdirSync(folder);
  writeFileSync(path.join(folder, 'package.json'), JSON.stringify({ ...manifest, activationEvents: [] }));
  writeFileSync(path.join(folder, 'main.js'), 'exports.activate = () => {};\n');
  return folder;
}
