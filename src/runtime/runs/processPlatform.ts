import type { ProcessTableReader } from './processEntry.ts';
import { readLinuxTable } from './processTableLinux.ts';
import { readPsTable } from './processTablePs.ts';
import { readWindowsTable } from './processTableWindows.ts';

/** How the processes of one platform are watched and ended. */
export interface ProcessPlatform {
  readonly readTable: ProcessTableReader;
  /** True where a signal can ask a program to end by itself, and process groups exist. */
  readonly hasSignals: boolean;
  /** False where a table costs too much to be read while runs go on. */
  readonly canSample: boolean;
}

export function toProcessPlatform(platform: NodeJS.Platform): ProcessPlatform {
  if (platform === 'win32') return { readTable: readWindowsTable, hasSignals: false, canSample: false };
  return { readTable: platform === 'linux' ? readLinuxTable : readPsTable, hasSignals: true, canSample: true };
}
