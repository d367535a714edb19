import { opendir, rm, stat } from 'node:fs/promises';
import * as path from 'node:path';
import { systemErrorCode } from '../errors.ts';

/** Run ids are ULIDs; whatever else somebody put into the folder is left alone. */
const logName = /^([0-9A-HJKMNP-TV-Z]{26})\.(?:log|idx|changes|run)$/;

/** The folder of all run logs, each a `.log` with its index beside it, the changes of its run if there are any, and the files of one that runs. */
export class LogFolder {
  readonly #directory: string;

  constructor(directory: string) {
    this.#directory = directory;
  }

  /** Deletes a run's log, index and changes; does nothing where there are none. @throws the system error */
  async remove(runId: string): Promise<void> {
    for (const file of this.#filesOf(runId)) await rm(file, { recursive: true, force: true });
  }

  /** The runs that have files here, in no order; one may come twice. */
  async *runIds(): AsyncGenerator<string> {
    for await (const entry of await opendir(this.#directory)) {
      const [, runId] = logName.exec(entry.name) ?? [];
      if (runId !== undefined) yield runId;
    }
  }

  /** When the files of a run were last written, epoch ms; null if there are none. */
  async lastWrittenAt(runId: string): Promise<number | null> {
    const times = await Promise.all(this.#filesOf(runId).map(modifiedAt));
    return times.reduce((latest, at) => (at === null ? latest : Math.max(latest ?? at, at)), null);
  }

  #filesOf(runId: string): string[] {
    return ['.log', '.idx', '.changes', '.run'].map((extension) => path.join(this.#directory, `${runId}${extension}`));
  }
}

async function modifiedAt(file: string): Promise<number | null> {
  try {
    return (await stat(file)).mtimeMs;
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return null;
    throw error;
  }
}
