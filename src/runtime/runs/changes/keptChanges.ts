import { mkdir, readFile, writeFile } from 'node:fs/promises';
import * as path from 'node:path';
import { systemErrorCode } from '../../errors.ts';
import type { ChangedFile } from './changedFiles.ts';

/** What is kept of the changes of a run, beside the objects with the content of both sides. */
export interface KeptChanges {
  /** Real path of the working tree that the files are in. */
  readonly root: string;
  /** Ids of the tree objects at the start and at the end. */
  readonly trees: readonly [before: string, after: string];
  readonly files: readonly ChangedFile[];
}

/** Lies beside the log of the run, and goes when that goes. */
export function changesDirectory(logsDirectory: string, runId: string): string {
  return path.join(logsDirectory, `${runId}.changes`);
}

/** @throws the system error */
export async function writeKeptChanges(directory: string, kept: KeptChanges): Promise<void> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  await writeFile(listPath(directory), JSON.stringify(kept), { mode: 0o600 });
}

/** Null if nothing is kept (any more). @throws the system error */
export async function readKeptChanges(directory: string): Promise<KeptChanges | null> {
  try {
    return JSON.parse(await readFile(listPath(directory), 'utf8')) as KeptChanges;
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return null;
    throw error;
  }
}

function listPath(directory: string): string {
  return path.join(directory, 'list.json');
}
