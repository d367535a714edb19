import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createConnection, type Socket } from 'node:net';
import path from 'node:path';
import type { Figure } from './support/figure.ts';
import { BenchFolder, type BenchConnection } from './support/openRuntime.ts';
import { formatMs, percentile } from './support/statistics.ts';

const rounds = 300;
const goalMs = 5;
const statuses = ['in_progress', 'todo'] as const;

const configuration = `
agents:
  idle: { adapter: process, command: "true" }
`;

const echoProgram = `require('node:net').createServer((socket) => socket.pipe(socket)).listen(process.argv[1], () => console.log())`;

/**
 * From one window's request until another window has the change in its mirrored state, against a message to another process
 * and back. So it contains the request's own way, the transaction and its flush to the disk.
 */
export const change: Figure = async ({ production }) => {
  const folder = new BenchFolder(production, configuration);
  await using window = await folder.connect();
  const watcher = await folder.connect();
  const { issue } = await window.connection.request('issue.create', { title: 'Something to change' });
  await watcher.until(({ issues }) => issues.has(issue.id));
  const endpoint = path.join(production.makeFolder('echo'), 'echo');
  const server = spawn(process.execPath, ['-e', echoProgram, endpoint], { stdio: ['ignore', 'pipe', 'inherit'] });
  await once(server.stdout, 'data');
  const socket = createConnection(endpoint);
  await once(socket, 'connect');
  const ours: number[] = [];
  const bare: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    bare.push(await echo(socket));
    ours.push(await changeOnce(window, watcher, { id: issue.id, status: statuses[round % 2] ?? 'todo' }));
  }
  socket.destroy();
  server.kill();
  watcher.connection.dispose();
  return [0.5, 0.95].map((share) => {
    const [mine, theirs] = [percentile(ours, share), percentile(bare, share)];
    return {
      figure: `a change asked for by one window → seen by another, p${String(share * 100)} of ${String(rounds)}`,
      ours: formatMs(mine),
      against: `${formatMs(theirs)} socket echo`,
      ratio: mine / theirs,
      goal: `p95 ≤ ${String(goalMs)} ms`,
      isMet: mine <= goalMs,
    };
  });
};

async function echo(socket: Socket): Promise<number> {
  const at = performance.now();
  socket.write(Buffer.alloc(500, 'x'));
  await once(socket, 'data');
  return performance.now() - at;
}

async function changeOnce(
  window: BenchConnection,
  watcher: BenchConnection,
  issue: { readonly id: string; readonly status: (typeof statuses)[number] },
): Promise<number> {
  const at = performance.now();
  const seen = watcher.until(({ issues }) => issues.get(issue.id)?.status === issue.status);
  const done = window.connection.request('issue.setStatus', { issueId: issue.id, status: issue.status });
  await seen;
  const took = performance.now() - at;
  await done;
  return took;
}
