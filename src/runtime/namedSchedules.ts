import type { NamedHeartbeat } from './model.ts';
import type { Schedule } from './scheduler/due.ts';
import type { AgentRow } from './store/agentTable.ts';

/** A named heartbeat as its agents' accepted definitions have it. */
export interface NamedSchedule {
  readonly id: string;
  readonly name: string;
  readonly schedule: Schedule;
  readonly members: readonly { readonly agent: string; readonly goal: string }[];
}

/** Tells schedules apart; no agent has such a key. One that was changed is another one, and counts from then. */
export function namedScheduleId({ name, cron, timezone, catchUp }: NamedHeartbeat): string {
  return `heartbeat:${name} ${JSON.stringify([cron, timezone, catchUp])}`;
}

/**
 * The named heartbeats of agents that may be woken. Where only some of them have had a changed schedule accepted, the others
 * keep theirs: each schedule has its own members.
 */
export function namedSchedules(agents: readonly Pick<AgentRow, 'key' | 'definition'>[]): NamedSchedule[] {
  const schedules = new Map<string, NamedSchedule>();
  for (const { key, definition } of agents) {
    for (const heartbeat of definition.namedHeartbeats) {
      const id = namedScheduleId(heartbeat);
      const { name, cron, timezone, catchUp, goal } = heartbeat;
      const schedule = { enabled: true, intervalSec: 0, cron, timezone, catchUp };
      const known = schedules.get(id) ?? { id, name, schedule, members: [] };
      schedules.set(id, { ...known, members: [...known.members, { agent: key, goal }] });
    }
  }
  return [...schedules.values()];
}
