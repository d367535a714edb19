import { systemErrorCode } from '../errors.ts';
import type { ProcessEntry } from './processEntry.ts';
import { identifyProcess } from '../processIdentity.ts';
import { killWindowsTree } from './processTableWindows.ts';

/**
 * Sends a signal to members of a tree that a sweep has just found; on Windows ends them, whatever the signal.
 * A process whose id has a new owner meanwhile is left alone.
 */
export async function endProcesses(
  members: readonly ProcessEntry[],
  signal: 'SIGTERM' | 'SIGKILL',
  platform: NodeJS.Platform = process.platform,
): Promise<void> {
  if (platform === 'win32') {
    // Already gone, or not ours to end: the next sweep tells.
    await Promise.allSettled(topmost(members).map(({ pid }) => killWindowsTree(pid)));
    return;
  }
  for (const target of toTargets(members)) {
    if (platform !== 'linux' || isStill(target.proof)) send(target.target, signal);
  }
}

/** A process id, or the negative of a process group, and a member whose identity proves that it is still meant. */
export interface SignalTarget {
  readonly target: number;
  readonly proof: ProcessEntry;
}

/**
 * Whole groups where their leader is a member: one signal reaches also what is being forked right now.
 * All others one by one.
 */
export function toTargets(members: readonly ProcessEntry[]): SignalTarget[] {
  const leaders = new Set(members.filter(({ pid, group }) => pid === group).map(({ pid }) => pid));
  return members
    .filter(({ pid, group }) => pid === group || !leaders.has(group))
    .map((proof) => ({ target: leaders.has(proof.pid) ? -proof.pid : proof.pid, proof }));
}

/** Members whose parent is no member; `taskkill /T` takes those below. */
export function topmost(members: readonly ProcessEntry[]): ProcessEntry[] {
  const pids = new Set(members.map(({ pid }) => pid));
  return members.filter(({ parent }) => !pids.has(parent));
}

/** Elsewhere than on Linux asking costs more than the few milliseconds since the sweep are worth. */
function isStill(entry: ProcessEntry): boolean {
  return identifyProcess(entry.pid)?.startTime === entry.startTime;
}

function send(target: number, signal: 'SIGTERM' | 'SIGKILL'): void {
  try {
    process.kill(target, signal);
  } catch (error) {
    const code = systemErrorCode(error);
    // ESRCH: it ended by itself. EPERM: it became another user's; the sweeps will go on finding it.
    if (code !== 'ESRCH' && code !== 'EPERM') throw error;
  }
}
