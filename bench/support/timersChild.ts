import { fork } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import type { IdleAnswer } from './timersProgram.ts';

/** Milliseconds of processor time that a process of its own needs for the schedules of so many agents while none falls due. */
export async function keepSchedules(agents: number, spanMs: number): Promise<number> {
  const program = fork(path.join(import.meta.dirname, 'timersProgram.ts'), [String(agents), String(spanMs)], {
    execArgv: [],
  });
  const [answer] = (await once(program, 'message')) as [IdleAnswer];
  return answer.usedMs;
}
