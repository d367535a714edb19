import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { toStartOrder } from '../processIdentity.ts';
import type { ProcessEntry } from './processEntry.ts';

const columns = ['pid=', 'ppid=', 'pgid=', 'stat=', 'lstart=', 'command='];
const line = /^\s*(\d+)\s+(\d+)\s+(\d+)\s+(\S+)\s+(\S+\s+\S+\s+\d+\s+[\d:]+\s+\d+)\s(.*)$/;
const maxOutputBytes = 64 * 1024 * 1024;
const timeoutMs = 10_000;

/**
 * Reads the processes of macOS. `-E` appends the environment to the command, though not for programs of the system
 * itself, which macOS hides; those are found by group and parent only.
 */
export async function readPsTable(): Promise<ProcessEntry[]> {
  const args = ['-A', '-E', '-ww', ...columns.flatMap((column) => ['-o', column])];
  const { stdout } = await promisify(execFile)('ps', args, {
    env: { ...process.env, LC_ALL: 'C', TZ: 'UTC' },
    maxBuffer: maxOutputBytes,
    timeout: timeoutMs,
  });
  return parsePsTable(stdout);
}

/** Parses what `ps` prints; lines that are no process are left out. */
export function parsePsTable(output: string): ProcessEntry[] {
  return output.split('\n').flatMap((text) => {
    const [, pid, parent, group, state, started, command] = line.exec(text) ?? [];
    if (pid === undefined || state === undefined || started === undefined) return [];
    const startTime = started.replace(/\s+/g, ' ');
    return {
      pid: Number(pid),
      parent: Number(parent),
      group: Number(group),
      startTime,
      startOrder: toStartOrder(startTime, 'darwin'),
      isZombie: state.startsWith('Z'),
      runId: / REVEILLE_RUN_ID=(\S+)/.exec(command ?? '')?.[1] ?? null,
    };
  });
}
