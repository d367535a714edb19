import path from 'node:path';
import type { Bench } from './figure.ts';
import { fillStore } from './filledStore.ts';
import { BenchFolder } from './openRuntime.ts';

const agents = ['engineer', 'reviewer', 'tester', 'writer'];

const configuration = `
agents:
${agents
  .map((key) => `  ${key}: { adapter: process, command: npm, args: [run, check], heartbeat: "0 3 29 2 *" }`)
  .join('\n')}
`;

/** A folder with four scheduled agents, none of them due soon, and a history of so many runs. */
export async function makeQuietFolder({ production }: Bench, runs: number): Promise<BenchFolder> {
  const folder = new BenchFolder(production, configuration);
  const wasmPath = path.join(path.dirname(production.runtimeEntry), 'sql-wasm.wasm');
  if (runs > 0) await fillStore(await folder.store(), { runs, agents, wasmPath, cwd: folder.path });
  return folder;
}
