import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { ProcessEntry } from './processEntry.ts';

const timeoutMs = 20_000;
const maxOutputBytes = 16 * 1024 * 1024;
const query =
  'Get-CimInstance Win32_Process | ForEach-Object { if ($_.CreationDate) ' +
  "{ '{0} {1} {2}' -f $_.ProcessId, $_.ParentProcessId, $_.CreationDate.ToFileTimeUtc() } }";

/** Reads the processes of Windows, in about a second; environments cannot be read there. */
export async function readWindowsTable(): Promise<ProcessEntry[]> {
  const program = systemProgram('WindowsPowerShell\\v1.0\\powershell.exe');
  const { stdout } = await promisify(execFile)(program, ['-NoProfile', '-NonInteractive', '-Command', query], {
    maxBuffer: maxOutputBytes,
    timeout: timeoutMs,
    windowsHide: true,
  });
  return parseWindowsTable(stdout);
}

/** Ends a process and what it started. Rejects if it is gone already or may not be ended. */
export async function killWindowsTree(pid: number): Promise<void> {
  const options = { timeout: timeoutMs, windowsHide: true };
  await promisify(execFile)(systemProgram('taskkill.exe'), ['/PID', String(pid), '/T', '/F'], options);
}

/** Parses lines of process id, parent's id and start time (100 ns since 1601). */
export function parseWindowsTable(output: string): ProcessEntry[] {
  return output.split(/\r?\n/).flatMap((text) => {
    const [, pid, parent, startTime] = /^(\d+) (\d+) (\d+)$/.exec(text.trim()) ?? [];
    if (pid === undefined || startTime === undefined) return [];
    return {
      pid: Number(pid),
      parent: Number(parent),
      group: 0,
      startTime,
      startOrder: Number(startTime),
      isZombie: false,
      runId: null,
    };
  });
}

/** By full path: a program of the same name in the current folder must not be started instead. */
function systemProgram(name: string): string {
  return join(process.env['SystemRoot'] ?? 'C:\\Windows', 'System32', name);
}
