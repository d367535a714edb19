import type { Method } from '../../protocol.ts';
import { beyondAgents, UserError } from '../errors.ts';
import type { RequestHandlers } from '../server.ts';
import type { ClientContext } from '../serverClient.ts';
import type { Reader } from '../store/store.ts';
import { findActingRun } from '../wakeups/actingRun.ts';

/**
 * What an agent may ask for from its run: it looks at everything, and works with issues. Whatever is not here is for people:
 * waking by hand, consent, pausing, the queue, other runs, stopping, backups and deletions. This keeps an agent from what it was
 * not asked for, not one that wants to: a program of the same user can leave out which run it belongs to.
 */
export const agentMethods: ReadonlySet<Method> = new Set<Method>([
  'activity.list',
  'activity.verify',
  'agent.explain',
  'heartbeat.list',
  'issue.assign',
  'issue.block',
  'issue.comment',
  'issue.comments',
  'issue.create',
  'issue.get',
  'issue.list',
  'issue.setStatus',
  'issue.unblock',
  'log.read',
  'queue.inspect',
  'queue.list',
  'run.changes',
  'run.fileVersion',
  'run.get',
  'run.list',
  'runtime.status',
  'schedule.simulate',
  'session.list',
  'usage.query',
]);

/**
 * The same handlers, that ask first whether it is an agent who wants it, and whether its run still goes on. A request that
 * nobody has put on the list is refused.
 */
export function withinAgentRights(handlers: RequestHandlers, reader: Reader): RequestHandlers {
  const guarded = Object.entries(handlers).map(([method, handler]) => {
    const ask = handler as (params: unknown, client: ClientContext) => unknown;
    const guard = (params: unknown, client: ClientContext): unknown => {
      if (client.run !== null && !agentMethods.has(method as Method)) throw beyondAgents();
      if (client.run !== null) requireActingRun(reader, client.run.id);
      return ask(params, client);
    };
    return [method, guard];
  });
  return Object.fromEntries(guarded) as RequestHandlers;
}

/**
 * The run in which an agent acts.
 * @throws UserError of kind `refused` for one that is not running
 */
export function requireActingRun(reader: Reader, runId: string): NonNullable<ClientContext['run']> {
  const run = findActingRun(reader, runId);
  if (run) return run;
  throw new UserError(
    'refused',
    'The run in which this was asked (REVEILLE_RUN_ID) does not go on in this folder. An agent acts only while its run does; a person unsets that variable.',
  );
}
