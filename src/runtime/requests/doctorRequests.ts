import { UserError } from '../errors.ts';
import type { Doctor } from '../runs/doctor.ts';
import type { RequestHandlers } from '../server.ts';
import type { AgentRow } from '../store/agentTable.ts';
import type { Store } from '../store/store.ts';
import { assertTrusted, requireAgent } from './agentRequests.ts';

/** The request for a check of an agent's set-up. */
export function doctorRequests(options: {
  readonly store: Store;
  readonly doctor: Doctor;
  readonly isConsented: (agent: AgentRow) => Promise<boolean>;
  /** Whether Stop Everything holds the folder. */
  readonly isStopped: () => boolean;
}): Pick<RequestHandlers, 'agent.check'> {
  const { store, doctor, isConsented, isStopped } = options;
  return {
    'agent.check': async ({ agent }, client) => {
      assertTrusted(client);
      const row = requireAgent(store, agent);
      if (isStopped())
        throw new UserError('refused', 'Everything is stopped, and a check starts programs. Release it first.');
      const mayStart = row.isEnforced && (await isConsented(row));
      const checkup = await doctor.check(row.definition, mayStart);
      const findings = mayStart ? checkup.findings : [unaccepted, ...checkup.findings];
      return { agent, adapter: row.definition.adapter, ...checkup, findings };
    },
  };
}

const unaccepted = {
  id: 'consent',
  level: 'error',
  text: 'Its definition, or a file that it executes, waits for your review: nothing of it was started.',
  fix: 'Run “Reveille: Review Configuration…”, then check again.',
} as const;
