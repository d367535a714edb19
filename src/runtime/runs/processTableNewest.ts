import { readdirSync, readFileSync } from 'node:fs';
import { cpus } from 'node:os';
import type { ProcessEntry } from './processEntry.ts';
import { readLinuxEntry } from './processTableLinux.ts';

/** A process that is known: its id and when it started, as a start order. */
export interface TreeRoot {
  readonly pid: number;
  readonly startOrder: number;
}

/** What the system says of the process ids that it gave away. */
export interface PidFacts {
  /** The newest one. */
  readonly lastPid: number;
  /** The highest possible one. */
  readonly pidMax: number;
  /** Now, as a start order. */
  readonly now: number;
  readonly processors: number;
}

/** Start orders of Linux are hundredths of a second since the boot (`USER_HZ`), whatever the kernel's own tick. */
const ticksPerSecond = 100;
/** A processor cannot make and end more threads than this in a second; each takes an id. */
const mostClonesPerSecond = 100_000;
/** Ids that are left out when the count begins again (`RESERVED_PIDS` of the kernel). */
const reservedPids = 300;
const maxPasses = 5;

/**
 * Whether everything that started after these processes has an id above the lowest of theirs. The kernel gives ids in
 * ascending order and begins again at the top (`idr_alloc_cyclic` in kernel/pid.c). So this holds if the newest id is
 * above all of theirs, and too little time has passed for a whole round.
 */
export function areAllAbove(roots: readonly TreeRoot[], { lastPid, pidMax, now, processors }: PidFacts): boolean {
  const ticks = ((pidMax - reservedPids) * ticksPerSecond) / (mostClonesPerSecond * processors);
  // A start order is rounded down, and so is the time now.
  return roots.every(({ pid, startOrder }) => pid <= lastPid && now - startOrder + 2 <= ticks);
}

let pidMax: number | undefined;
let processors: number | undefined;

/**
 * The processes that started with or after these, or more: all that can belong to their trees. Null where the ids do not
 * tell that. A small part of what reading all of `/proc` costs, and synchronous. As there, newcomers are read as well when
 * a process ended between the listing and its reading.
 */
export function readNewestTable(roots: readonly TreeRoot[]): ProcessEntry[] | null {
  const lowest = Math.min(...roots.map(({ pid }) => pid));
  const since = Math.min(...roots.map(({ startOrder }) => startOrder));
  const entries: ProcessEntry[] = [];
  const visited = new Set<number>();
  for (let pass = 0; pass < maxPasses; pass += 1) {
    // Names that are no numbers compare as false.
    const newcomers = readdirSync('/proc')
      .map(Number)
      .filter((pid) => pid >= lowest && !visited.has(pid));
    let vanished = 0;
    for (const pid of newcomers) {
      visited.add(pid);
      const entry = readLinuxEntry(String(pid), since);
      if (entry === null) vanished += 1;
      else entries.push(entry);
    }
    if (vanished === 0) break;
  }
  // Asked last, so that it holds for all that was listed.
  const facts = readPidFacts();
  return facts !== null && areAllAbove(roots, facts) ? entries : null;
}

function readPidFacts(): PidFacts | null {
  try {
    return askPidFacts();
  } catch {
    // A system that hides them; then all processes are read.
    return null;
  }
}

function askPidFacts(): PidFacts {
  pidMax ??= Number(readFileSync('/proc/sys/kernel/pid_max', 'latin1'));
  processors ??= cpus().length;
  const lastPid = Number(readFileSync('/proc/loadavg', 'latin1').trim().split(' ').at(-1));
  const uptime = Number(readFileSync('/proc/uptime', 'latin1').split(' ', 1)[0]);
  return { lastPid, pidMax, now: uptime * ticksPerSecond, processors };
}
