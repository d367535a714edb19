import { readFileSync } from 'node:fs';

/** Kernel clock ticks in a second; the same on every Linux that Node runs on. */
const ticksPerSecond = 100;

/** Resident memory of a process, in bytes. */
export function residentBytes(pid: number): number {
  return memoryOf(pid, /^VmRSS:\s+(\d+) kB$/m);
}

/** The most that it has been so far. */
export function peakResidentBytes(pid: number): number {
  return memoryOf(pid, /^VmHWM:\s+(\d+) kB$/m);
}

function memoryOf(pid: number, line: RegExp): number {
  const kilobytes = line.exec(readFileSync(`/proc/${String(pid)}/status`, 'latin1'))?.[1];
  if (kilobytes === undefined) throw new Error(`Process ${String(pid)} has no memory; it ended.`);
  return Number(kilobytes) * 1024;
}

/** Processor time that a process has used so far, in milliseconds; exact to 10 ms. */
export function processorMs(pid: number): number {
  const text = readFileSync(`/proc/${String(pid)}/stat`, 'latin1');
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  const [user, system] = [fields[11], fields[12]];
  return ((Number(user) + Number(system)) * 1000) / ticksPerSecond;
}
