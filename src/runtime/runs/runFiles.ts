import { mkdir, rm, writeFile } from 'node:fs/promises';
import * as path from 'node:path';
import type { PlanFile } from '../adapters/adapter.ts';

/** Where the files lie that a run's program needs while it runs; beside its log, so that nothing of it is forgotten. */
export function runDirectoryOf(logsDirectory: string, runId: string): string {
  return path.join(logsDirectory, `${runId}.run`);
}

/** Makes them, for this user's eyes only. Does nothing for a plan that has none. @throws the system error */
export async function writeRunFiles(directory: string, files: readonly PlanFile[]): Promise<void> {
  if (files.length === 0) return;
  await mkdir(directory, { recursive: true, mode: 0o700 });
  for (const { name, content } of files) {
    await writeFile(path.join(directory, path.basename(name)), content, { mode: 0o600 });
  }
}

/** Removes them; does nothing where there are none. @throws the system error */
export async function removeRunFiles(directory: string): Promise<void> {
  await rm(directory, { recursive: true, force: true });
}
