import fc from 'fast-check';
import type { WakeRequest } from '../../../src/runtime/wakeups/inbox.ts';
import { issues, type EngineWorld } from './engineWorld.ts';
import { agents } from './modelAgents.ts';
import type { Outcome } from './outcomes.ts';

/** One thing that happens in the world; plain data, so that a failing sequence can be shrunk and printed. */
export type Command = readonly [name: string, run: (world: EngineWorld) => Promise<void> | void];

const agent = fc.constantFrom(...agents);
const issue = fc.constantFrom(...issues);
const index = fc.nat({ max: 7 });

/** A command that shows as what it does. */
function command(name: string, run: Command[1]): Command {
  return Object.assign([name, run] as const, { [fc.toStringMethod]: () => name });
}

const request = fc
  .record({
    agent,
    source: fc.constantFrom('timer', 'assignment', 'on_demand', 'on_demand', 'automation'),
    text: fc.constantFrom(null, 'please'),
    issueId: fc.option(issue),
    taskKey: fc.constantFrom(null, null, 'T0', 'T1'),
    idempotencyKey: fc.constantFrom(null, null, null, 'K0', 'K1'),
    author: fc.constantFrom('user', 'user', 'agent'),
    isForced: fc.constantFrom(false, false, false, true),
    isFresh: fc.constantFrom(false, false, false, true),
  })
  .map((asked): WakeRequest => {
    const isTimer = asked.source === 'timer';
    const none = {
      issueId: null,
      taskKey: null,
      text: null,
      idempotencyKey: null,
      isForced: false,
      isFresh: false,
    } as const;
    const isForced = asked.isForced && asked.source === 'on_demand' && asked.author === 'user';
    return { reason: 'r', ...asked, isForced, ...(isTimer && { ...none, author: 'runtime' }) };
  });

/** Somebody wants more of the `place`th run that goes on: a message, or nothing but a fresh session. */
async function askBehind(world: EngineWorld, place: number, isFresh: boolean): Promise<void> {
  const execution = [...world.executions.values()][place % Math.max(1, world.executions.size)];
  if (!execution) return;
  const { agent, taskKey } = execution.claimed.run;
  const asked = { source: 'on_demand', reason: 'r', author: 'user', issueId: null, idempotencyKey: null } as const;
  await world.ask({ ...asked, agent, taskKey, isFresh, text: isFresh ? null : 'more' });
}

const outcome: fc.Arbitrary<Outcome> = fc.oneof(
  { weight: 4, arbitrary: fc.constant({ kind: 'succeeded' }) },
  { weight: 3, arbitrary: fc.constantFrom({ kind: 'failed' }, { kind: 'timed_out' }, { kind: 'transient' }) },
  { weight: 2, arbitrary: fc.constantFrom({ kind: 'session_lost' }, { kind: 'context_full' }) },
  { weight: 1, arbitrary: fc.constantFrom(10_000, 7_200_000).map((forMs) => ({ kind: 'limited' as const, forMs })) },
);

/** All that can happen, the common things more often. */
export const anyCommand: fc.Arbitrary<Command> = fc.oneof(
  {
    weight: 12,
    arbitrary: request.map((asked) => command(`ask ${JSON.stringify(asked)}`, (world) => world.ask(asked))),
  },
  {
    weight: 8,
    arbitrary: fc
      .tuple(index, outcome)
      .map(([place, end]) =>
        command(`finish ${String(place)} ${JSON.stringify(end)}`, (world) => world.finish(place, end)),
      ),
  },
  { weight: 2, arbitrary: index.map((place) => command(`cancel ${String(place)}`, (world) => world.cancel(place))) },
  {
    weight: 3,
    arbitrary: fc
      .tuple(agent, fc.constantFrom('active', 'active', 'paused', 'tripped'))
      .map(([key, state]) => command(`${key} becomes ${state}`, (world) => world.setAgent(key, state))),
  },
  {
    weight: 2,
    arbitrary: fc
      .tuple(issue, fc.constantFrom('todo', 'todo', 'blocked', 'done'))
      .map(([id, status]) => command(`${id} becomes ${status}`, (world) => world.setIssue(id, status))),
  },
  {
    weight: 1,
    arbitrary: agent.map((key) =>
      command(`reset ${key}`, (world) => {
        world.resetSessions(key);
      }),
    ),
  },
  {
    weight: 3,
    arbitrary: agent.map((key) => command(`${key} gets the other adapter`, (world) => world.changeAdapter(key))),
  },
  {
    weight: 6,
    arbitrary: fc
      .tuple(index, fc.constantFrom(false, false, true))
      .map(([place, isFresh]) =>
        command(`ask ${isFresh ? 'for a fresh session ' : ''}behind ${String(place)}`, (world) =>
          askBehind(world, place, isFresh),
        ),
      ),
  },
  {
    weight: 3,
    arbitrary: fc.tuple(fc.constantFrom('isStopped', 'isDraining', 'isTrusted'), fc.boolean()).map(([fact, value]) =>
      command(`${fact} is ${String(value)}`, async (world) => {
        world.facts[fact] = value;
        await world.pass();
      }),
    ),
  },
  {
    weight: 1,
    arbitrary: fc.tuple(agent, fc.boolean()).map(([key, isAccepted]) =>
      command(`${key} is ${isAccepted ? '' : 'not '}accepted`, async (world) => {
        if (isAccepted) world.unaccepted.delete(key);
        else world.unaccepted.add(key);
        await world.pass();
      }),
    ),
  },
  {
    weight: 2,
    arbitrary: fc
      .tuple(fc.constantFrom(1_000, 60_000, 3_600_000, 90_000_000, -3_600_000), fc.boolean())
      .map(([ms, isJump]) =>
        command(`${isJump || ms < 0 ? 'the clock is moved by' : 'there pass'} ${String(ms)} ms`, (world) =>
          world.passTime(ms, isJump || ms < 0),
        ),
      ),
  },
  {
    weight: 2,
    arbitrary: fc.constantFrom(
      command('checks of consent take long', (world) => world.setConsentSlow(true)),
      command('checks of consent are answered', (world) => world.answerChecks()),
      command('checks of consent are quick', (world) => world.setConsentSlow(false)),
    ),
  },
  {
    weight: 2,
    arbitrary: fc
      .tuple(index, fc.boolean())
      .map(([place, isWaiting]) =>
        command(`${String(place)} ${isWaiting ? 'waits' : 'goes on'}`, (world) => world.wait(place, isWaiting)),
      ),
  },
  {
    weight: 1,
    arbitrary: fc
      .tuple(issue, fc.boolean())
      .map(([id, isBlocked]) =>
        command(`${id} waits for ${isBlocked ? 'the next' : 'none'}`, (world) => world.setBlocked(id, isBlocked)),
      ),
  },
  {
    weight: 2,
    arbitrary: fc
      .tuple(agent, fc.constantFrom('budget', 'budget', 'secrets', 'locked'), fc.boolean())
      .map(([key, obstacle, stands]) =>
        command(`${obstacle} ${stands ? 'stands' : 'does not stand'} against ${key}`, (world) =>
          world.setObstacle(key, obstacle, stands),
        ),
      ),
  },
  {
    weight: 1,
    arbitrary: fc.boolean().map((isSlow) =>
      command(`programs start ${isSlow ? 'slowly' : 'at once'}`, (world) => {
        world.setSpawnSlow(isSlow);
      }),
    ),
  },
  { weight: 1, arbitrary: fc.constant(command('restart', (world) => world.restart())) },
);
