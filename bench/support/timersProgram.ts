/** The process behind `engine-idle`: keeps the schedules of so many agents on the real clock, and says what an idle span costs. */
import { setTimeout as delay } from 'node:timers/promises';
import { systemClock } from '../../src/runtime/clock.ts';
import { Timers } from '../../src/runtime/scheduler/timers.ts';
import { defineAgent } from './agentDefinition.ts';
import { quietLogger } from './quietLogger.ts';

/** Processor time in milliseconds. */
export interface IdleAnswer {
  readonly usedMs: number;
}

const settleMs = 2000;
const [agents = 0, spanMs = 0] = process.argv.slice(2).map(Number);
const timers = new Timers({ clock: systemClock, log: quietLogger });
const { heartbeat } = defineAgent('agent', '/');
for (let index = 0; index < agents; index += 1) {
  const schedule = index % 2 === 0 ? { intervalSec: 86_400 } : { cron: '0 3 29 2 *' };
  timers.set(`agent-${String(index)}`, { ...heartbeat, ...schedule }, null);
}
timers.start();
await delay(settleMs);
const before = process.cpuUsage();
await delay(spanMs);
const { user, system } = process.cpuUsage(before);
timers.dispose();
const answer: IdleAnswer = { usedMs: (user + system) / 1000 };
process.send?.(answer, () => {
  process.exit(0);
});
