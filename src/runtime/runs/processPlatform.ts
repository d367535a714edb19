import type { ProcessEntry, ProcessTableReader } from './processEntry.ts';
import { readLinuxTable } from './processTableLinux.ts';
import { readNewestTable, type TreeRoot } from './processTableNewest.ts';
import { readPsTable } from './processTablePs.ts';
import { readWindowsTable } from './processTableWindows.ts';

/** How the processes of one platform are watched and ended. */
export interface ProcessPlatform {
  readonly readTable: ProcessTableReader;
  /** Reads at least what can belong to the trees of these processes, for little; null where it cannot tell. */
  readonly readNewest?: (roots: readonly TreeRoot[]) => readonly ProcessEntry[] | null;
  /** True where a signal can ask a program to end by itself, and process groups exist. */
  readonly hasSignals: boolean;
  /** False where a table costs too much to be read while runs go on. */
  readonly canSample: boolean;
}

export function toProcessPlatform(platform: NodeJS.Platform): ProcessPlatform {
  if (platform === 'win32') return { readTable: readWindowsTable, hasSignals: false, canSample: false };
  const signals = { hasSignals: true, canSample: true };
  return platform === 'linux'
    ? { readTable: readLinuxTable, readNewest: readNewestTable, ...signals }
    : { readTable: readPsTable, ...signals };
}
