import { isSameStart, toStartOrder, type ProcessIdentity } from '../processIdentity.ts';
import type { ProcessEntry } from './processEntry.ts';

/** What is remembered of one run's processes between sweeps. */
export interface KnownTree {
  readonly runId: string;
  /** Its first process; null if it is not known. */
  readonly root: ProcessIdentity | null;
  /** Start times by process id: the root, members seen, and dead ones whose group or children live on. */
  readonly seen: ReadonlyMap<number, string>;
  /**
   * True trusts a process group after its leader is gone. Right while this process watches the tree (the system does
   * not give a group's number away while it has members), wrong for a tree that was not watched in between.
   */
  readonly trustsLeaderlessGroups: boolean;
}

/** What a sweep found of a tree. */
export interface TreeSighting {
  /** Living members; never a zombie, this process or an ancestor of it. */
  readonly members: readonly ProcessEntry[];
  /** What to remember until the next sweep. */
  readonly known: KnownTree;
}

/** The tree of a run before its first sweep. */
export function toKnownTree(runId: string, root: ProcessIdentity | null, trustsLeaderlessGroups: boolean): KnownTree {
  return { runId, root, seen: new Map(root === null ? [] : [[root.pid, root.startTime]]), trustsLeaderlessGroups };
}

/**
 * Finds the members of a tree in a table of all processes: what was a member before, what carries the run's id in its
 * environment, and, of any member, its children and the process group that it leads. A process id whose start time
 * differs from what was seen belongs to a stranger.
 */
export function findMembers(table: readonly ProcessEntry[], known: KnownTree, self: number): TreeSighting {
  const byPid = new Map(table.map((entry) => [entry.pid, entry]));
  const outsiders = ancestorsOf(self, byPid);
  const candidates = table.filter(({ pid }) => !outsiders.has(pid));
  const families = groupFamilies(candidates);

  const members = new Map<number, ProcessEntry>();
  const queue: ProcessEntry[] = candidates.filter((entry) => isMemberByItself(entry, known));
  for (const [pid, startTime] of known.seen) {
    const isGone = !byPid.has(pid) && !outsiders.has(pid);
    if (isGone) queue.push(...survivorsOf({ pid, startTime }, families, known.trustsLeaderlessGroups));
  }
  for (let entry = queue.pop(); entry !== undefined; entry = queue.pop()) {
    if (members.has(entry.pid)) continue;
    members.set(entry.pid, entry);
    queue.push(...relativesOf(entry, families));
  }
  const found = [...members.values()];
  return { members: found.filter((entry) => !entry.isZombie), known: { ...known, seen: remember(found, known.seen) } };
}

interface Families {
  readonly byParent: ReadonlyMap<number, readonly ProcessEntry[]>;
  readonly byGroup: ReadonlyMap<number, readonly ProcessEntry[]>;
}

function groupFamilies(table: readonly ProcessEntry[]): Families {
  return { byParent: Map.groupBy(table, ({ parent }) => parent), byGroup: Map.groupBy(table, ({ group }) => group) };
}

/** This process and those above it; their ends would be ours. */
function ancestorsOf(self: number, byPid: ReadonlyMap<number, ProcessEntry>): Set<number> {
  const ancestors = new Set([0, 1]);
  for (let pid: number | undefined = self; pid !== undefined && !ancestors.has(pid); pid = byPid.get(pid)?.parent) {
    ancestors.add(pid);
  }
  return ancestors;
}

function isMemberByItself(entry: ProcessEntry, known: KnownTree): boolean {
  if (entry.runId === known.runId) return true;
  const seen = known.seen.get(entry.pid);
  return seen !== undefined && isSameStart(seen, entry.startTime);
}

/** Children and group of a process that was seen earlier and whose id nobody has now. */
function survivorsOf(
  gone: { readonly pid: number; readonly startTime: string },
  { byGroup, byParent }: Families,
  trustsLeaderlessGroups: boolean,
): readonly ProcessEntry[] {
  const order = toStartOrder(gone.startTime);
  const group = trustsLeaderlessGroups ? (byGroup.get(gone.pid) ?? []) : [];
  return [...group, ...(byParent.get(gone.pid) ?? [])].filter((entry) => entry.startOrder >= order);
}

function relativesOf(entry: ProcessEntry, { byParent, byGroup }: Families): readonly ProcessEntry[] {
  const led = entry.group === entry.pid ? (byGroup.get(entry.pid) ?? []) : [];
  return [...led, ...(byParent.get(entry.pid) ?? [])].filter(({ startOrder }) => startOrder >= entry.startOrder);
}

/** Bounded by what is alive: a dead process is remembered only while something in its group or below it lives. */
function remember(members: readonly ProcessEntry[], seen: ReadonlyMap<number, string>): Map<number, string> {
  const needed = new Set(members.flatMap(({ group, parent }) => [group, parent]));
  const kept = [...seen].filter(([pid]) => needed.has(pid));
  return new Map([...kept, ...members.map(({ pid, startTime }): [number, string] => [pid, startTime])]);
}
