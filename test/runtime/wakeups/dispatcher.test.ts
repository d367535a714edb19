import assert from 'node:assert/strict';
import { findRun, insertQueuedRun } from '../../../src/runtime/store/runTable.ts';
import { Dispatcher, type DispatcherOptions } from '../../../src/runtime/wakeups/dispatcher.ts';
import { makePolicy } from '../../support/policies.ts';
import { boundlessPool } from '../../support/testDispatch.ts';
import { TestLogger } from '../../support/testLogger.ts';
import { WakeFixture } from '../../support/wakeFixture.ts';

/** Executions that go on until the test ends them. */
class Executions {
  readonly started: string[] = [];
  readonly #ends = new Map<string, () => void>();

  readonly execute: DispatcherOptions['execute'] = ({ run }) => {
    this.started.push(run.id);
    return new Promise((resolve) => this.#ends.set(run.id, resolve));
  };

  end(runId: string): void {
    this.#ends.get(runId)?.();
  }
}

function makeDispatcher(
  fixture: WakeFixture,
  executions: Executions,
  part: Partial<DispatcherOptions> = {},
): Dispatcher {
  return new Dispatcher({
    reader: fixture.store,
    state: fixture.state,
    queue: fixture.queue,
    logger: new TestLogger(),
    slots: 4,
    pool: boundlessPool,
    facts: () => ({ isStopped: false, isDraining: false, isTrusted: true }),
    isConsented: () => Promise.resolve(true),
    describe: () => 'command',
    execute: executions.execute,
    onDidEnd: () => undefined,
    ...part,
  });
}

const many = { heartbeat: makePolicy({ maxConcurrentRuns: 9 }), shareCwd: true };

const succeeded = {
  status: 'succeeded',
  finishedAt: 0,
  exitCode: 0,
  setback: null,
  signal: null,
  errorCode: null,
  message: null,
  stdoutExcerpt: '',
  stderrExcerpt: '',
  logBytes: 0,
} as const;

describe('Dispatcher', () => {
  it('never runs a scope twice at a time, even if two runs of it are queued', async () => {
    await using fixture = await WakeFixture.open(many);
    const executions = new Executions();
    const dispatcher = makeDispatcher(fixture, executions);
    fixture.state.commit((transaction) => {
      const scope = { agent: 'a', taskKey: 't', issueId: null, source: 'on_demand', reason: 'r' } as const;
      for (const number of [1, 2]) {
        insertQueuedRun(transaction, { ...scope, id: `run ${String(number)}`, number, priority: 2, queuedAt: 0 });
      }
    });

    await dispatcher.dispatch();

    assert.deepEqual(executions.started, ['run 1']);
    assert.equal(findRun(fixture.store, 'run 2')?.heldFor, 'scope_busy');
  });

  it('does not stay in line for a slot of the machine when a run that waited goes on and nothing else is queued', async () => {
    await using fixture = await WakeFixture.open();
    const executions = new Executions();
    let isFull = false;
    let rests = 0;
    const pool = {
      get isFull() {
        return isFull;
      },
      take: () => !isFull,
      release: () => undefined,
      rest: () => void (rests += 1),
    };
    const dispatcher = makeDispatcher(fixture, executions, { pool });
    const runId = fixture.ask().runId ?? '';
    await dispatcher.dispatch();
    dispatcher.noteWaiting(runId, true);
    await dispatcher.dispatch();
    isFull = true;
    rests = 0;

    dispatcher.noteWaiting(runId, false);
    await new Promise(setImmediate);

    assert.equal(rests, 1);
  });

  it('takes the next one as soon as a slot is free', async () => {
    await using fixture = await WakeFixture.open(many);
    const executions = new Executions();
    const dispatcher = makeDispatcher(fixture, executions, { slots: 1 });
    const first = fixture.ask({ taskKey: '1' }).runId ?? '';
    const second = fixture.ask({ taskKey: '2' }).runId ?? '';
    await dispatcher.dispatch();
    assert.equal(findRun(fixture.store, second)?.heldFor, 'slots_busy');

    executions.end(first);
    await dispatcher.dispatch();
    await dispatcher.dispatch();

    assert.deepEqual(executions.started, [first, second]);
    assert.equal(findRun(fixture.store, second)?.heldFor, null);
  });

  it('tells each of a thousand queued runs that all slots are taken', async () => {
    await using fixture = await WakeFixture.open(many);
    const executions = new Executions();
    const dispatcher = makeDispatcher(fixture, executions, { slots: 1 });
    const runs = Array.from({ length: 1101 }, (_, index) => fixture.ask({ taskKey: String(index) }).runId ?? '');

    await dispatcher.dispatch();

    const holds = runs.map((id) => findRun(fixture.store, id)?.heldFor);
    assert.deepEqual(holds, [null, ...Array.from({ length: 1100 }, () => 'slots_busy')]);
  });

  it('passes over what is held and starts what stands behind it', async () => {
    await using fixture = await WakeFixture.open(many);
    const executions = new Executions();
    const isConsented = ({ key }: { key: string }) => Promise.resolve(key === 'b');
    const dispatcher = makeDispatcher(fixture, executions, { isConsented });
    for (let index = 0; index < 40; index += 1) fixture.ask({ agent: 'a', taskKey: String(index) });
    const behind = fixture.ask({ agent: 'b' }).runId;

    await dispatcher.dispatch();

    assert.deepEqual(executions.started, [behind]);
  });

  it('finds a run that nobody told it of, once that stands first', async () => {
    await using fixture = await WakeFixture.open(many);
    const executions = new Executions();
    const logger = new TestLogger();
    const dispatcher = makeDispatcher(fixture, executions, { logger });
    await dispatcher.dispatch();
    fixture.store.transact((writer) => {
      const scope = { agent: 'a', taskKey: 't', issueId: null, source: 'on_demand', reason: 'r' } as const;
      insertQueuedRun(writer, { ...scope, id: 'untold', number: 1, priority: 2, queuedAt: 0 });
    });

    await dispatcher.dispatch();

    assert.deepEqual(executions.started, ['untold']);
    assert.match(logger.lines.join(), /it is read again/);
  });

  it('reads as many runs at the end of one as before, however many wait', async () => {
    const reads = async (waiting: number): Promise<number> => {
      await using fixture = await WakeFixture.open({ shareCwd: false });
      const executions = new Executions();
      let count = 0;
      const counted = <T>(answer: T): T => ((count += 1), answer);
      const reader = {
        all: (...query: Parameters<typeof fixture.store.all>) => counted(fixture.store.all(...query)),
        get: (...query: Parameters<typeof fixture.store.get>) => counted(fixture.store.get(...query)),
      };
      const dispatcher = makeDispatcher(fixture, executions, { reader });
      for (let index = 0; index < waiting; index += 1) {
        fixture.ask({ agent: index % 2 === 0 ? 'a' : 'b', taskKey: String(index) });
      }
      await dispatcher.dispatch();
      for (let turn = 0; turn < 5; turn += 1) {
        if (turn === 2) count = 0;
        const runId = executions.started.at(-1) ?? '';
        fixture.queue.settle(runId, succeeded);
        executions.end(runId);
        await new Promise(setImmediate);
        await dispatcher.dispatch();
      }
      assert.equal(executions.started.length, 6);
      return count;
    };
    assert.equal(await reads(300), await reads(20));
  });

  it('starts nothing once it is closed, though it was about to', async () => {
    await using fixture = await WakeFixture.open(many);
    const executions = new Executions();
    const consent = Promise.withResolvers<boolean>();
    const dispatcher = makeDispatcher(fixture, executions, { isConsented: () => consent.promise });
    fixture.ask();
    const pass = dispatcher.dispatch();

    dispatcher.close();
    consent.resolve(true);
    await pass;

    assert.deepEqual(executions.started, []);
  });

  it('is idle only when the last run has ended', async () => {
    await using fixture = await WakeFixture.open(many);
    const executions = new Executions();
    const dispatcher = makeDispatcher(fixture, executions);
    const runs = ['1', '2'].map((taskKey) => fixture.ask({ taskKey }).runId ?? '');
    await dispatcher.dispatch();
    let isIdle = false;
    const idle = dispatcher.whenIdle().then(() => {
      isIdle = true;
    });

    executions.end(runs[0] ?? '');
    await new Promise(setImmediate);
    assert.equal(isIdle, false);
    executions.end(runs[1] ?? '');
    await idle;

    assert.equal(dispatcher.runningCount, 0);
  });
});
