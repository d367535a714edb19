import { readdirSync, readFileSync } from 'node:fs';

/** Ids of processes that carry the text in their environment. Linux only; elsewhere none. */
function processesWith(text: string): readonly number[] {
  if (process.platform !== 'linux') return [];
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name) && name !== String(process.pid));
  return pids.filter((pid) => readEnvironment(pid).includes(text)).map(Number);
}

function readEnvironment(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/environ`, 'latin1');
  } catch {
    // Ended meanwhile, or another user's.
    return '';
  }
}

/** Ends them at once: for what a test or a demonstration left behind. */
export function killProcessesWith(text: string): void {
  for (const pid of processesWith(text)) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // Ended meanwhile.
    }
  }
}
