import assert from 'node:assert/strict';
import { setAgentState } from '../../../src/runtime/store/agentTable.ts';
import { listRateLimits } from '../../../src/runtime/store/rateLimitTable.ts';
import { listSkips, utcDay } from '../../../src/runtime/store/skipTable.ts';
import type { HoldReason } from '../../../src/runtime/model.ts';
import { Dispatcher } from '../../../src/runtime/wakeups/dispatcher.ts';
import { limitedUntil, parkingTime, providerOf } from '../../../src/runtime/wakeups/rateLimits.ts';
import { makePolicy } from '../../support/policies.ts';
import { boundlessPool } from '../../support/testDispatch.ts';
import { TestLogger } from '../../support/testLogger.ts';
import { limited, transient, WakeFixture } from '../../support/wakeFixture.ts';

const shared = { provider: 'cloud', shareCwd: true, heartbeat: makePolicy({ maxConcurrentRuns: 9 }) };

/** A dispatcher whose runs go on until the test settles them. */
class Shop {
  readonly fixture: WakeFixture;
  readonly dispatcher: Dispatcher;
  readonly started: string[] = [];
  readonly #ends = new Map<string, () => void>();

  constructor(fixture: WakeFixture) {
    this.fixture = fixture;
    this.dispatcher = new Dispatcher({
      reader: fixture.store,
      state: fixture.state,
      pool: boundlessPool,
      queue: fixture.queue,
      logger: new TestLogger(),
      slots: 9,
      facts: () => ({ isStopped: false, isDraining: false, isTrusted: true }),
      isConsented: () => Promise.resolve(true),
      describe: () => 'command',
      execute: ({ run }) => {
        this.started.push(run.id);
        return new Promise((resolve) => this.#ends.set(run.id, resolve));
      },
      onDidEnd: () => undefined,
    });
  }

  async end(runId: string, part: Parameters<WakeFixture['settle']>[1] = {}): Promise<void> {
    this.fixture.settle(runId, part);
    this.#ends.get(runId)?.();
    await this.dispatch();
  }

  async dispatch(): Promise<void> {
    await new Promise(setImmediate);
    await this.dispatcher.dispatch();
  }

  held(runId: string): HoldReason | null {
    return this.fixture.run(runId).heldFor;
  }
}

describe('how long a limit is parked', () => {
  const cases = [
    ['as long as was reported', { until: 5000, strikes: 3 }, 5000],
    ['a minute if nothing was said', { until: null, strikes: 1 }, 61_000],
    ['twice as long with each strike', { until: null, strikes: 4 }, 481_000],
    ['an hour at most', { until: null, strikes: 40 }, 3_601_000],
    ['a minute if the reported time has passed', { until: 999, strikes: 1 }, 61_000],
    ['eight days if more was reported', { until: 1e15, strikes: 1 }, 1000 + 8 * 86_400_000],
  ] as const;
  for (const [what, report, expected] of cases) {
    it(what, () => {
      assert.equal(parkingTime({ ...report, now: 1000 }), expected);
    });
  }
});

describe('a limit that was reached', () => {
  it('holds all agents of the provider until its time, then lets one probe, then all', async () => {
    await using fixture = await WakeFixture.open(shared);
    const shop = new Shop(fixture);
    const { clock } = fixture;
    const first = fixture.ask().runId ?? '';
    await shop.dispatch();
    await shop.end(first, limited(clock.now() + 3_600_000));
    const again = fixture.onlyQueued;
    const other = fixture.ask({ agent: 'b' }).runId ?? '';
    await shop.dispatch();
    assert.deepEqual([again.attempt, again.chainId, again.notBefore], [1, first, clock.now() + 3_600_000]);
    assert.deepEqual([shop.held(again.id), shop.held(other)], ['rate_limit', 'rate_limit']);

    clock.tick(3_600_000);
    await shop.dispatch();
    const [probe = '', ...more] = shop.started.slice(1);
    const [waiting] = fixture.queued;
    assert.deepEqual([probe, more, waiting?.heldFor], [again.id, [], 'rate_limit']);
    assert.equal(listRateLimits(fixture.store)[0]?.probeRunId, probe);
    await shop.end(probe);

    assert.deepEqual(shop.started.slice(2), [other]);
    assert.deepEqual(listRateLimits(fixture.store), []);
    const audit = fixture.store.all(`SELECT action FROM activity WHERE action LIKE 'limit.%' ORDER BY number`);
    assert.deepEqual(audit, [['limit.reached'], ['limit.lifted']]);
  });

  it('is parked for longer when the probe finds it again; another end of the probe lets the next one probe', async () => {
    await using fixture = await WakeFixture.open(shared);
    const shop = new Shop(fixture);
    const { clock } = fixture;
    const first = fixture.ask({ taskKey: '1' }).runId ?? '';
    await shop.dispatch();
    await shop.end(first, limited(null));
    fixture.ask({ taskKey: '2' });
    clock.tick(60_000);
    await shop.dispatch();
    const probe = shop.started.at(-1) ?? '';
    await shop.end(probe, limited(null));
    assert.equal(listRateLimits(fixture.store)[0]?.strikes, 2);
    assert.equal(listRateLimits(fixture.store)[0]?.until, clock.now() + 120_000);
    assert.equal(shop.started.length, 2);

    clock.tick(120_000);
    await shop.dispatch();
    assert.equal(shop.started.length, 3);
    await shop.end(shop.started.at(-1) ?? '', { status: 'failed', errorCode: 'exit_code' });

    assert.equal(shop.started.length, 4);
    assert.equal(listRateLimits(fixture.store)[0]?.strikes, 2);
    assert.equal(listRateLimits(fixture.store)[0]?.probeRunId, shop.started[3]);
  });

  it('stays when a probe succeeds that began before another run found it again', async () => {
    await using fixture = await WakeFixture.open(shared);
    const shop = new Shop(fixture);
    const { clock } = fixture;
    const first = fixture.ask({ taskKey: '1' }).runId ?? '';
    await shop.dispatch();
    await shop.end(first, limited(clock.now() + 60_000));
    clock.tick(60_000);
    await shop.dispatch();
    const probe = shop.started.at(-1) ?? '';
    const forced = fixture.ask({ taskKey: '2', isForced: true }).runId ?? '';
    await shop.dispatch();
    await shop.end(forced, limited(clock.now() + 7_200_000));
    await shop.end(probe);

    const { runId } = fixture.ask({ taskKey: '3' });
    await shop.dispatch();
    assert.equal(shop.held(runId ?? ''), 'rate_limit');
    assert.deepEqual(shop.started, [first, probe, forced]);
    assert.equal(listRateLimits(fixture.store)[0]?.until, clock.now() + 7_200_000);
  });

  it('counts as one report of runs that were under way together', async () => {
    await using fixture = await WakeFixture.open(shared);
    const shop = new Shop(fixture);
    const runs = ['1', '2', '3'].map((taskKey) => fixture.ask({ taskKey }).runId ?? '');
    await shop.dispatch();
    for (const id of runs) await shop.end(id, limited(null));

    assert.deepEqual(
      listRateLimits(fixture.store).map(({ strikes }) => strikes),
      [1],
    );
    assert.equal(shop.started.length, 3);
  });

  it('lets through, as the probe, what a person wants to run anyway', async () => {
    await using fixture = await WakeFixture.open(shared);
    const shop = new Shop(fixture);
    await shop.dispatch();
    const first = fixture.ask({ taskKey: '1' }).runId ?? '';
    await shop.dispatch();
    await shop.end(first, limited(fixture.clock.now() + 3_600_000));
    const forced = fixture.onlyQueued.id;
    fixture.ask({ taskKey: '1', text: null, isForced: true });

    await shop.dispatch();

    assert.deepEqual(shop.started.slice(1), [forced]);
    assert.equal(listRateLimits(fixture.store)[0]?.probeRunId, forced);
    await shop.end(forced);
    assert.deepEqual(listRateLimits(fixture.store), []);
  });

  it('is not over because its probe was cancelled, and has one probe at a time', async () => {
    await using fixture = await WakeFixture.open(shared);
    const shop = new Shop(fixture);
    const first = fixture.ask({ taskKey: '1' }).runId ?? '';
    await shop.dispatch();
    await shop.end(first, limited(null));
    const second = fixture.ask({ taskKey: '2', isForced: true }).runId ?? '';
    await shop.dispatch();
    const third = fixture.ask({ taskKey: '3', isForced: true }).runId ?? '';
    await shop.dispatch();
    const probe = (): unknown => listRateLimits(fixture.store)[0]?.probeRunId;
    assert.deepEqual([shop.started.slice(1), probe()], [[second, third], second]);

    await shop.end(third);
    assert.equal(probe(), second);
    await shop.end(second, { status: 'cancelled', errorCode: 'cancelled_by_stop' });

    assert.equal(probe(), null);
  });

  it('refuses and counts a scheduled run instead of holding it', async () => {
    await using fixture = await WakeFixture.open(shared);
    const shop = new Shop(fixture);
    const first = fixture.ask({ taskKey: '1' }).runId ?? '';
    await shop.dispatch();
    await shop.end(first, limited(null));
    const tick = fixture.ask({ source: 'timer', author: 'runtime', text: null, taskKey: 't' }).runId ?? '';

    await shop.dispatch();

    assert.equal(fixture.run(tick).status, 'cancelled');
    const skips = listSkips(fixture.store, 'a', utcDay(fixture.clock.now()));
    assert.equal(
      skips.reduce((sum, one) => sum + one.skips, 0),
      1,
    );
  });

  it('is of the agent alone where no provider is named, and of no agent that names one', () => {
    const own = providerOf({ provider: null, adapter: 'process', key: 'a' });
    assert.notEqual(own, providerOf({ provider: null, adapter: 'process', key: 'b' }));
    assert.match(own, / /);
  });

  it('is not believed beyond eight names of a provider, nor with control characters', async () => {
    await using fixture = await WakeFixture.open(shared);
    for (let index = 0; index < 30; index += 1) {
      const { runId } = fixture.ask({ taskKey: String(index), isForced: true });
      fixture.end(runId ?? '', limited(null, `\u0000tokens\t\n${String(index)}`));
    }
    const names = listRateLimits(fixture.store).map(({ key }) => key);
    assert.equal(names.length, 9);
    assert.deepEqual(names[0], 'cloud\tother');
    assert.deepEqual(names[1], 'cloud\ttokens 0');
  });

  it('means nothing to a clock that was set back before it was reported', async () => {
    await using fixture = await WakeFixture.open(shared);
    fixture.end(fixture.ask().runId ?? '', limited(fixture.clock.now() + 86_400_000));
    const limits = listRateLimits(fixture.store);
    assert.notEqual(limitedUntil(limits, fixture.clock.now()), null);
    fixture.clock.jump(-3_600_000);
    assert.equal(limitedUntil(limits, fixture.clock.now()), null);
  });
});

describe('a delayed attempt', () => {
  it('starts at its time, and holds no slot until then', async () => {
    await using fixture = await WakeFixture.open(shared);
    const shop = new Shop(fixture);
    const first = fixture.ask({ taskKey: '1', author: 'runtime', source: 'automation' }).runId ?? '';
    await shop.dispatch();
    await shop.end(first, transient);
    const next = fixture.onlyQueued.id;
    assert.deepEqual([shop.held(next), shop.dispatcher.runningCount], ['retry', 0]);

    fixture.clock.tick(29_999);
    await shop.dispatch();
    assert.deepEqual(shop.started, [first]);
    fixture.clock.tick(1);
    await shop.dispatch();

    assert.deepEqual(shop.started, [first, next]);
  });

  it('is refused at once when its agent was terminated', async () => {
    await using fixture = await WakeFixture.open(shared);
    const shop = new Shop(fixture);
    const first = fixture.ask().runId ?? '';
    await shop.dispatch();
    await shop.end(first, transient);
    const next = fixture.onlyQueued.id;
    fixture.state.commit((transaction) => {
      setAgentState(transaction, 'a', 'terminated', null);
    });

    await shop.dispatch();

    assert.equal(fixture.run(next).status, 'cancelled');
    assert.deepEqual(fixture.wakeups(), ['cancelled']);
  });
});
