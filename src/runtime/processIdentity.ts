import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { systemErrorCode } from './errors.ts';

/** Names one process for good, so that a process id that was given to a newcomer is not mistaken for it. */
export interface ProcessIdentity {
  readonly pid: number;
  /** Opaque; within one boot equal only for the same process. */
  readonly startTime: string;
  /** Opaque; differs after a restart of the machine. Empty on Windows, where start times are absolute to 100 ns. */
  readonly bootId: string;
}

/** What the system says of a process: `unknown` when it exists but the system would not tell more. */
type Sighting = { readonly startTime: string; readonly isZombie: boolean } | 'gone' | 'unknown';

/** The fields of `/proc/<pid>/stat` that tell a process, its family and its age. */
export interface LinuxStat {
  readonly state: string;
  readonly parent: number;
  readonly group: number;
  /** Clock ticks since the boot. */
  readonly startTime: string;
}

/** How far apart a noted spawn and the start time that Windows reports may lie, in milliseconds. */
const spawnToleranceMs = 2000;
/** Milliseconds between 1601 (Windows) and 1970. */
const windowsEpochMs = 11_644_473_600_000;
const approximate = '~';
const queryTimeoutMs = 5000;

/**
 * Identifies a process of this machine, a zombie included; null if there is none or the system will not say.
 * Synchronous: a file read on Linux, about 10 ms on macOS, about 0.4 s (PowerShell) on Windows.
 */
export function identifyProcess(pid: number): ProcessIdentity | null {
  const seen = look(pid);
  return typeof seen === 'string' ? null : { pid, startTime: seen.startTime, bootId: readBootId() };
}

/**
 * Identifies a child that this process started at `startedAt` (epoch ms). As `identifyProcess`, except that on Windows,
 * where asking is slow, the start time is noted instead and `isAlive` allows two seconds between.
 */
export function identifyChild(pid: number, startedAt: number): ProcessIdentity | null {
  if (process.platform !== 'win32') return identifyProcess(pid);
  return { pid, startTime: approximate + String(startedAt), bootId: '' };
}

/** True if exactly this process lives. A zombie counts as dead; one that cannot be examined counts as alive. */
export function isAlive(identity: ProcessIdentity): boolean {
  if (identity.bootId !== readBootId()) return false;
  const seen = look(identity.pid);
  if (seen === 'gone') return false;
  if (seen === 'unknown') return true;
  return !seen.isZombie && isSameStart(identity.startTime, seen.startTime);
}

/** Compares a recorded start time with a reported one; a recorded one may be approximate (Windows). */
export function isSameStart(recorded: string, reported: string): boolean {
  if (!recorded.startsWith(approximate)) return recorded === reported;
  const reportedMs = Number(reported) / 10_000 - windowsEpochMs;
  return Math.abs(reportedMs - Number(recorded.slice(approximate.length))) <= spawnToleranceMs;
}

/**
 * A start time as a number that grows with time, to ask which of two processes is older; unit and origin differ by
 * platform. An approximate time counts as its earliest; what cannot be told counts as 0, older than all.
 */
export function toStartOrder(startTime: string, platform: NodeJS.Platform = process.platform): number {
  const order = startTime.startsWith(approximate)
    ? (Number(startTime.slice(approximate.length)) - spawnToleranceMs + windowsEpochMs) * 10_000
    : platform === 'darwin'
      ? Date.parse(`${startTime} UTC`)
      : Number(startTime);
  return Number.isFinite(order) ? order : 0;
}

/** Parses `/proc/<pid>/stat`; the command name in it may hold blanks and parentheses. Null if it is cut short. */
export function parseLinuxStat(text: string): LinuxStat | null {
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ', 20);
  const [state, parent, group] = fields;
  const startTime = fields[19];
  if (state === undefined || startTime === undefined) return null;
  return { state, parent: Number(parent), group: Number(group), startTime };
}

/** Parses a line of `ps -o stat= -o lstart=`; null if there is none. */
export function parseProcessStatus(output: string): { startTime: string; isZombie: boolean } | null {
  const match = /^\s*(\S+)\s+(\S.*\S)\s*$/.exec(output);
  if (match?.[1] === undefined || match[2] === undefined) return null;
  return { startTime: match[2].replace(/\s+/g, ' '), isZombie: match[1].startsWith('Z') };
}

function look(pid: number): Sighting {
  if (!Number.isSafeInteger(pid) || pid <= 0) return 'gone';
  if (process.platform === 'linux') return lookOnLinux(pid);
  if (!exists(pid)) return 'gone';
  return process.platform === 'win32' ? lookOnWindows(pid) : lookWithPs(pid);
}

function lookOnLinux(pid: number): Sighting {
  try {
    const stat = parseLinuxStat(readFileSync(`/proc/${String(pid)}/stat`, 'latin1'));
    if (stat === null) return 'unknown';
    return { startTime: stat.startTime, isZombie: stat.state === 'Z' || stat.state === 'X' };
  } catch (error) {
    const code = systemErrorCode(error);
    return code === 'ENOENT' || code === 'ESRCH' ? 'gone' : 'unknown';
  }
}

function lookWithPs(pid: number): Sighting {
  const output = ask('ps', ['-o', 'stat=', '-o', 'lstart=', '-p', String(pid)]);
  return parseProcessStatus(output ?? '') ?? (exists(pid) ? 'unknown' : 'gone');
}

function lookOnWindows(pid: number): Sighting {
  const powershell = 'System32\\WindowsPowerShell\\v1.0\\powershell.exe';
  const program = join(process.env['SystemRoot'] ?? 'C:\\Windows', powershell);
  const query = `(Get-Process -Id ${String(pid)}).StartTime.ToFileTimeUtc()`;
  const output = ask(program, ['-NoProfile', '-NonInteractive', '-Command', query])?.trim() ?? '';
  if (/^\d+$/.test(output)) return { startTime: output, isZombie: false };
  return exists(pid) ? 'unknown' : 'gone';
}

function readBootId(): string {
  if (process.platform === 'linux') return readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim();
  if (process.platform === 'win32') return '';
  // Not kern.boottime: it moves whenever the clock is set.
  return ask('sysctl', ['-n', 'kern.bootsessionuuid'])?.trim() ?? '';
}

/** True while any process has this id, a zombie included; the cheapest question of all. */
export function exists(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return systemErrorCode(error) === 'EPERM';
  }
}

/** The output of a short system program, in English and UTC; null if it failed. */
function ask(program: string, args: readonly string[]): string | null {
  const answer = spawnSync(program, args, {
    encoding: 'utf8',
    env: { ...process.env, LC_ALL: 'C', TZ: 'UTC' },
    stdio: ['ignore', 'pipe', 'ignore'],
    timeout: queryTimeoutMs,
    windowsHide: true,
  });
  return answer.status === 0 ? answer.stdout : null;
}
