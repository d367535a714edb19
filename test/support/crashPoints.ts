import { WorldStopped, type UnsyncedDisk } from './unsyncedDisk.ts';

/** A disk as it is found after work was broken off. */
export interface CrashPoint {
  readonly disk: UnsyncedDisk;
  /** What was done last, and how it ended; for messages. */
  readonly where: string;
}

const losses = [0, 0.5, 1] as const;

/**
 * Does the work on copies of a disk, stopped after its first operation, after its second and so on until it gets through;
 * yields what is found afterwards: once the process was killed, and once power was lost, by turns of several degrees.
 */
export async function* crashPoints(
  disk: UnsyncedDisk,
  work: (disk: UnsyncedDisk) => Promise<unknown>,
  random: () => number,
): AsyncGenerator<CrashPoint> {
  for (let operations = 1; ; operations += 1) {
    const copy = disk.afterKill();
    copy.stopAfter(operations);
    const isThrough = await endsInTime(copy, work);
    const where = `after ${String(operations)} operations, the last ${copy.lastOperation}`;
    yield { disk: copy.afterKill(), where: `killed ${where}` };
    const kept = losses[operations % losses.length] ?? 0;
    yield { disk: copy.afterPowerLoss({ random, kept }), where: `power lost, ${String(kept)} kept, ${where}` };
    if (isThrough) return;
  }
}

async function endsInTime(disk: UnsyncedDisk, work: (disk: UnsyncedDisk) => Promise<unknown>): Promise<boolean> {
  try {
    await work(disk);
  } catch (error) {
    if (!(error instanceof WorldStopped) && !disk.isStopped) throw error;
  }
  return !disk.isStopped;
}
