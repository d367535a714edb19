import assert from 'node:assert/strict';
import type { HoldReason } from '../../../src/runtime/model.ts';
import { listAgents, putAgentDefinition, setAgentState, type AgentRow } from '../../../src/runtime/store/agentTable.ts';
import { findIssue, insertIssue, setIssueStatus } from '../../../src/runtime/store/issueTable.ts';
import { findRun, listQueuedRuns, setRunCause, type RunRow } from '../../../src/runtime/store/runTable.ts';
import { Dispatcher } from '../../../src/runtime/wakeups/dispatcher.ts';
import type { FolderFacts } from '../../../src/runtime/wakeups/gate.ts';
import { judge } from '../../../src/runtime/wakeups/gate.ts';
import { moveQueuedRun } from '../../../src/runtime/wakeups/queueOrder.ts';
import { Chance } from '../../support/chance.ts';
import { makeDefinition, makePolicy } from '../../support/policies.ts';
import { boundlessPool } from '../../support/testDispatch.ts';
import { TestLogger } from '../../support/testLogger.ts';
import { drawSeeds, isLong, withSeed } from '../../support/testSize.ts';
import { WakeFixture } from '../../support/wakeFixture.ts';

const slots = 3;
const keys = ['a', 'b', 'c', 'd', 'e'] as const;
const turns: readonly HoldReason[] = ['slots_busy', 'scope_busy', 'issue_busy', 'cwd_busy'];

/** What the dispatcher is to do next, found by looking at every queued run with everything that decides. */
interface Expected {
  readonly started: string[];
  readonly refused: string[];
  /** What the rest waits for; null where all slots were taken before it was its turn to be looked at. */
  readonly holds: Map<string, HoldReason | null>;
}

interface Occupant {
  readonly agent: string;
  readonly taskKey: string;
  readonly issueId: string | null;
  readonly cwd: string | null;
}

/** A dispatcher on a store of its own, whose executions end when the test says so. */
class World {
  readonly fixture: WakeFixture;
  readonly chance: Chance;
  readonly logger = new TestLogger();
  readonly started: string[] = [];
  readonly running = new Map<string, Occupant & { readonly end: () => void }>();
  readonly unconsented = new Set<string>();
  readonly dispatcher: Dispatcher;
  facts: FolderFacts = { isStopped: false, isDraining: false, isTrusted: true };

  constructor(fixture: WakeFixture, seed: number) {
    this.fixture = fixture;
    this.chance = new Chance(seed);
    fixture.state.commit((transaction) => {
      for (const id of ['i1', 'i2', 'i3']) {
        const times = { createdAt: 0, updatedAt: 0 };
        const rest = { body: '', status: 'todo', priority: 'high', assignee: null, location: null } as const;
        insertIssue(transaction, { id, number: Number(id.slice(1)), title: id, ...rest, ...times });
      }
    });
    for (const key of keys) this.define(key);
    this.dispatcher = new Dispatcher({
      reader: fixture.store,
      state: fixture.state,
      queue: fixture.queue,
      logger: this.logger,
      slots,
      pool: boundlessPool,
      facts: () => this.facts,
      isConsented: async ({ key }) => {
        await new Promise(setImmediate);
        return !this.unconsented.has(key);
      },
      describe: () => 'command',
      execute: ({ run, agent }) => {
        this.started.push(run.id);
        return new Promise((resolve) => this.running.set(run.id, { ...toOccupant(run, agent), end: resolve }));
      },
      onDidEnd: () => undefined,
    });
  }

  define(key: string): void {
    const maxConcurrentRuns = this.chance.between(1, 2);
    const heartbeat = makePolicy({ maxConcurrentRuns, wakeOnAssignment: this.chance.is(0.8) });
    const place = { cwd: this.chance.pick('/one', '/one', '/two', `/${key}`), shareCwd: this.chance.is(0.2) };
    const definition = makeDefinition('/', { key, heartbeat, ...place });
    this.fixture.state.commit((transaction) => {
      const isEnforced = this.chance.is(0.9);
      putAgentDefinition(transaction, { key, definition, position: 0, fingerprint: 'f', isEnforced, anchorAt: 0 });
      transaction.touchAgent(key);
    });
  }

  /** Something that a person, an agent or a schedule may do. */
  act(): void {
    const { fixture, chance } = this;
    const { state, queue } = fixture;
    const key = chance.pick(...keys);
    const queued = listQueuedRuns(fixture.store, null, 200);
    const one = queued[chance.between(0, queued.length - 1)];
    const acts: (() => void)[] = [
      () => {
        for (let count = chance.between(1, 8); count > 0; count -= 1) this.#ask();
      },
      () => {
        state.commit((transaction) => {
          setAgentState(transaction, key, chance.pick('active', 'active', 'paused', 'terminated'), null);
          transaction.touchAgent(key);
        });
      },
      () => {
        const issueId = chance.pick('i1', 'i2', 'i3');
        state.commit((transaction) => {
          setIssueStatus(transaction, issueId, chance.pick('todo', 'in_progress', 'done'), 1);
          transaction.touchIssue(issueId);
        });
      },
      () => {
        this.define(key);
      },
      () => {
        if (!this.unconsented.delete(key)) this.unconsented.add(key);
      },
      () => {
        this.facts = { isStopped: chance.is(0.2), isDraining: chance.is(0.1), isTrusted: chance.is(0.9) };
      },
      () => {
        if (one) state.commit((transaction) => moveQueuedRun(transaction, one, chance.pick('up', 'down', 'first')));
      },
      () => {
        if (one) queue.discard(one.id, 'Discarded.');
      },
      () => {
        if (!one) return;
        state.commit((transaction) => {
          setRunCause(transaction, one.id, { source: one.source, reason: 'r', priority: chance.between(0, 3) });
          transaction.touchRun(one.id);
        });
      },
    ];
    acts[chance.between(0, acts.length - 1)]?.();
  }

  /** The whole queue, run by run, as slow as it gets. */
  expect(): Expected {
    const { store } = this.fixture;
    const occupied: Occupant[] = [...this.running.values()];
    const expected: Expected = { started: [], refused: [], holds: new Map() };
    const agents = new Map(listAgents(store).map((agent) => [agent.key, agent]));
    for (const run of listQueuedRuns(store, null, 1000)) {
      const agent = agents.get(run.agent);
      assert.ok(agent);
      if (occupied.length >= slots) {
        expected.holds.set(run.id, null);
        continue;
      }
      const obstacle = this.#obstacle(run, agent, occupied);
      if (obstacle === null) {
        occupied.push(toOccupant(run, agent));
        expected.started.push(run.id);
      } else if (obstacle === 'refused') expected.refused.push(run.id);
      else expected.holds.set(run.id, obstacle);
    }
    return expected;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.dispatcher.close();
    for (const { end } of this.running.values()) end();
    await this.dispatcher.whenIdle();
    await this.fixture[Symbol.asyncDispose]();
    this.logger.assertQuiet();
  }

  #obstacle(run: RunRow, agent: AgentRow, occupied: readonly Occupant[]): HoldReason | 'refused' | null {
    const own = occupied.filter((other) => other.agent === run.agent);
    const issue = run.issueId === null ? undefined : findIssue(this.fixture.store, run.issueId);
    const verdict = judge({
      ...this.facts,
      source: run.source,
      isForced: false,
      obstacles: new Set(),
      isConsented: agent.isEnforced,
      agentState: agent.state,
      isAbsent: agent.isAbsent,
      heartbeat: agent.definition.heartbeat,
      isQuiet: false,
      isIdle: false,
      issueStatus: issue?.status ?? null,
      isBlocked: issue?.status === 'blocked',
    });
    const { cwd } = toOccupant(run, agent);
    if (own.length >= agent.definition.heartbeat.maxConcurrentRuns) return 'slots_busy';
    if (verdict.kind === 'refuse') return 'refused';
    if (verdict.kind === 'hold') return verdict.reason;
    if (own.some((other) => other.taskKey === run.taskKey)) return 'scope_busy';
    if (issue && occupied.some((other) => other.issueId === issue.id)) return 'issue_busy';
    if (cwd !== null && occupied.some((other) => other.cwd === cwd)) return 'cwd_busy';
    return this.unconsented.has(run.agent) ? 'consent' : null;
  }

  #ask(): void {
    const { chance } = this;
    const source = chance.pick('on_demand', 'on_demand', 'assignment', 'timer');
    const issueId = source === 'assignment' ? chance.pick('i1', 'i2', 'i3') : null;
    const taskKey = issueId === null && source !== 'timer' ? `task ${String(chance.between(0, 30))}` : null;
    this.fixture.ask({ agent: chance.pick(...keys), source, issueId, taskKey });
  }

  /** Settles one of the running ones; answers what frees its slot. */
  endOne(): () => void {
    const [id, occupant] = [...this.running][this.chance.between(0, slots)] ?? [];
    if (id === undefined || !occupant) return () => undefined;
    this.running.delete(id);
    const end = { exitCode: 0, setback: null, signal: null, errorCode: null, message: null, logBytes: 0 } as const;
    const outputs = { stdoutExcerpt: '', stderrExcerpt: '' };
    this.fixture.queue.settle(id, { status: 'succeeded', finishedAt: this.fixture.clock.now(), ...end, ...outputs });
    return occupant.end;
  }
}

function toOccupant({ agent, taskKey, issueId }: RunRow, { definition }: AgentRow): Occupant {
  return { agent, taskKey, issueId, cwd: definition.shareCwd ? null : definition.cwd };
}

/** @throws AssertionError unless what is shown of the waiting runs is what they wait for */
function assertHolds({ fixture }: World, holds: Expected['holds']): void {
  const agents = new Set<string>();
  for (const [id, expected] of holds) {
    const { agent = '', heldFor: shown = null } = findRun(fixture.store, id) ?? {};
    const isFirst = !agents.has(agent);
    agents.add(agent);
    if (expected === null) assert.notEqual(shown, null);
    // Which of the others is in the way is told only to the first run of an agent.
    else if (turns.includes(expected) && !isFirst) assert.ok(shown !== null && turns.includes(shown), String(shown));
    else assert.equal(shown, expected);
  }
}

describe('the dispatcher', function () {
  this.timeout(isLong ? 600_000 : 60_000);

  it('starts, refuses and holds what a walk through the whole queue would, after whatever happened', async () => {
    const seen = { started: 0, refused: 0, held: 0 };
    for (const seed of drawSeeds(isLong ? 300 : 12)) {
      await withSeed(seed, async () => {
        await using world = new World(await WakeFixture.open(), seed);
        for (let step = 0; step < 100; step += 1) {
          for (let acts = world.chance.between(1, 3); acts > 0; acts -= 1) world.act();
          const free = world.chance.is(0.6) ? world.endOne() : () => undefined;
          const expected = world.expect();
          const before = world.started.length;
          free();
          await new Promise(setImmediate);
          await world.dispatcher.dispatch();

          assert.deepEqual(world.started.slice(before), expected.started, `step ${String(step)}`);
          for (const id of expected.refused) assert.equal(findRun(world.fixture.store, id)?.status, 'cancelled');
          // What was started is in the way of others now; another pass tells them, and starts nothing.
          const still = world.expect();
          assert.deepEqual(still.started, []);
          await world.dispatcher.dispatch();
          assertHolds(world, still.holds);
          seen.started += expected.started.length;
          seen.refused += expected.refused.length;
          seen.held += expected.holds.size;
        }
        assert.deepEqual(world.logger.lines, []);
      });
    }
    for (const count of Object.values(seen)) assert.ok(count > 50, JSON.stringify(seen));
  });
});
