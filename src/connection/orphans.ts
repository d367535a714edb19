import * as fs from 'node:fs/promises';
import { basename, join } from 'node:path';
import { isFree } from '../endpoint/freeStore.ts';
import { identifyFolder } from '../endpoint/folderIdentity.ts';
import type { FolderEntry, Registry } from '../endpoint/registry.ts';

/** A state in the registry that no folder uses: its folder was moved or deleted, or has adopted another state. */
export interface Orphan {
  /** The id of its entry. */
  readonly id: string;
  /** Real path of the folder that it belonged to. */
  readonly path: string;
  readonly store: string;
  /** When its folder was opened last, epoch ms. */
  readonly lastUsedAt: number;
  /** When its state was written last, epoch ms. */
  readonly lastWrittenAt: number;
  /** Size of its state and logs. */
  readonly bytes: number;
  /** True while a runtime works with it: then it cannot be adopted. */
  readonly isLive: boolean;
}

/** All states that no folder uses and that are still there; the last written first. */
export async function listOrphans(registry: Registry): Promise<Orphan[]> {
  const entries = registry.list();
  const isUsed = await Promise.all(entries.map(isAtHome));
  const used = new Set(entries.filter((_entry, index) => isUsed[index]).map(({ store }) => store));
  const unused = entries.filter(({ store }) => !used.has(store));
  const orphans = await Promise.all(unused.map(describe));
  return orphans.filter((orphan) => orphan !== null).sort((a, b) => b.lastWrittenAt - a.lastWrittenAt);
}

/** Whether a state may well be the one that a folder had before it was moved: the folder's name is the same. */
export function mayBelongTo(orphan: Orphan, folder: string): boolean {
  return basename(orphan.path).toLowerCase() === basename(folder).toLowerCase();
}

/** True if the path of an entry still leads to the folder that it was made for. */
async function isAtHome(entry: FolderEntry): Promise<boolean> {
  try {
    return (await identifyFolder(entry.path)).id === entry.id;
  } catch {
    // The folder has gone, or cannot be read.
    return false;
  }
}

/** Null for a store that was never written, or is gone. */
async function describe({ id, path, store, lastUsedAt }: FolderEntry): Promise<Orphan | null> {
  const state = await measure(join(store, 'state'));
  if (state.newestAt === null) return null;
  const logs = await measure(join(store, 'logs'));
  const bytes = state.bytes + logs.bytes;
  return { id, path, store, lastUsedAt, lastWrittenAt: state.newestAt, bytes, isLive: !isFree(store) };
}

async function measure(directory: string): Promise<{ bytes: number; newestAt: number | null }> {
  const names = await fs.readdir(directory, { recursive: true }).catch(() => []);
  let bytes = 0;
  let newestAt: number | null = null;
  for (const name of names) {
    const stats = await fs.stat(join(directory, name)).catch(() => null);
    if (!stats?.isFile()) continue;
    bytes += stats.size;
    newestAt = Math.max(newestAt ?? 0, stats.mtimeMs);
  }
  return { bytes, newestAt };
}
