import { closeSync, openSync, readSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { setImmediate } from 'node:timers/promises';
import { parseLinuxStat } from '../processIdentity.ts';
import type { ProcessEntry } from './processEntry.ts';

/** Processes read before the event loop gets a turn: about half a millisecond. */
const sliceLength = 64;
const maxPasses = 5;
const marker = Buffer.from('REVEILLE_RUN_ID=');
const runIdLength = 64;
const environmentPiece = 128 * 1024;

/**
 * Reads `/proc`. Small synchronous reads in slices, because each would cost ten times as much on the thread pool.
 * A process that ended between the listing and its reading may have left a child that is not in the listing; then the
 * newcomers are read as well.
 */
export async function readLinuxTable(since: number): Promise<ProcessEntry[]> {
  const entries: ProcessEntry[] = [];
  const visited = new Set<string>();
  for (let pass = 0; pass < maxPasses; pass += 1) {
    const newcomers = (await readdir('/proc')).filter((name) => /^\d/.test(name) && !visited.has(name));
    let vanished = 0;
    for (const [index, name] of newcomers.entries()) {
      if (index % sliceLength === sliceLength - 1) await setImmediate();
      visited.add(name);
      const entry = readLinuxEntry(name, since);
      if (entry === null) vanished += 1;
      else entries.push(entry);
    }
    if (vanished === 0) break;
  }
  return entries;
}

/** One process, as `ProcessTableReader` says; null if it has ended. */
export function readLinuxEntry(pid: string, since: number): ProcessEntry | null {
  const text = readStart(`/proc/${pid}/stat`, Buffer.allocUnsafe(1024));
  const stat = text === null ? null : parseLinuxStat(text.toString('latin1'));
  if (stat === null) return null;
  const startOrder = Number(stat.startTime);
  const isZombie = stat.state === 'Z' || stat.state === 'X';
  return {
    pid: Number(pid),
    parent: stat.parent,
    group: stat.group,
    startTime: stat.startTime,
    startOrder,
    isZombie,
    runId: isZombie || startOrder < since ? null : readRunId(pid),
  };
}

function readRunId(pid: string): string | null {
  try {
    const descriptor = openSync(`/proc/${pid}/environ`, 'r');
    try {
      return findRunId(descriptor);
    } finally {
      closeSync(descriptor);
    }
  } catch {
    // Gone meanwhile, or another user's: in neither case ours to find this way.
    return null;
  }
}

/** Reads piece by piece; pieces overlap so that a name on their border is found. */
function findRunId(descriptor: number): string | null {
  const overlap = marker.length + runIdLength + 2;
  const piece = Buffer.allocUnsafe(environmentPiece);
  for (let position = 0; ; position += environmentPiece - overlap) {
    const length = readSync(descriptor, piece, 0, environmentPiece, position);
    const runId = extractRunId(piece.subarray(0, length), position === 0);
    if (runId !== null || length < environmentPiece) return runId;
  }
}

/** The value of `REVEILLE_RUN_ID` in NUL-separated `NAME=value` texts; null if it is not there. */
export function extractRunId(environment: Buffer, isStart: boolean): string | null {
  for (let at = environment.indexOf(marker); at >= 0; at = environment.indexOf(marker, at + 1)) {
    if (at === 0 ? !isStart : environment[at - 1] !== 0) continue;
    const end = environment.indexOf(0, at);
    return environment.toString('utf8', at + marker.length, end < 0 ? environment.length : end);
  }
  return null;
}

function readStart(path: string, buffer: Buffer): Buffer | null {
  try {
    const descriptor = openSync(path, 'r');
    try {
      return buffer.subarray(0, readSync(descriptor, buffer, 0, buffer.length, 0));
    } finally {
      closeSync(descriptor);
    }
  } catch {
    // The process ended between the listing and now.
    return null;
  }
}
