import type { Clock } from '../clock.ts';
import { UserError } from '../errors.ts';
import type { RequestHandlers } from '../server.ts';
import { simulateSchedules } from '../simulation.ts';
import type { Store } from '../store/store.ts';
import type { FolderFacts } from '../wakeups/gate.ts';

type SimulationRequests = Pick<RequestHandlers, 'schedule.simulate'>;

/** Requests about what schedules would start. */
export function simulationRequests(options: {
  readonly store: Store;
  readonly clock: Clock;
  readonly slots: number;
  readonly facts: () => FolderFacts;
}): SimulationRequests {
  const { store, clock, slots, facts } = options;
  return {
    'schedule.simulate': async ({ timeZone = Intl.DateTimeFormat().resolvedOptions().timeZone }) => {
      try {
        return await simulateSchedules({ reader: store, now: clock.now(), slots, facts: facts(), timeZone });
      } catch (error) {
        if (!(error instanceof RangeError)) throw error;
        throw new UserError('invalid', `"${timeZone}" is no time zone. Use a name such as Europe/Paris.`);
      }
    },
  };
}
