import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createEndpoint, type Endpoint } from '../../../../src/endpoint/endpointPath.ts';
import type { ProcessPlan } from '../../../../src/runtime/adapters/adapter.ts';
import { systemClock, type Clock } from '../../../../src/runtime/clock.ts';
import { identifyProcess, isAlive } from '../../../../src/runtime/processIdentity.ts';
import type { ChildStarter } from '../../../../src/runtime/runs/childStarter.ts';
import { DirectStarter } from '../../../../src/runtime/runs/directStarter.ts';
import { SpawnerStarter, usesSpawner } from '../../../../src/runtime/runs/spawner/spawnerStarter.ts';
import { explainSpawnFailure } from '../../../../src/runtime/runs/spawnFailure.ts';
import { ManualClock } from '../../../support/manualClock.ts';
import { poll } from '../../../support/poll.ts';
import { TestLogger } from '../../../support/testLogger.ts';
import { spawnerEntry, TestRuns } from '../../../support/testRuns.ts';

describe('the choice of the spawner', () => {
  const place = { entry: '/dist/spawner.js', openEndpoint: createEndpoint };
  const rows: [NodeJS.Platform, typeof place | undefined, boolean][] = [
    ['linux', place, true],
    ['linux', undefined, false],
    ['darwin', place, false],
    ['win32', place, false],
    ['freebsd', place, false],
  ];
  for (const [platform, given, expected] of rows) {
    it(`on ${platform} ${given ? 'with' : 'without'} its program: ${expected ? 'yes' : 'no'}`, () => {
      assert.equal(usesSpawner(platform, given), expected);
    });
  }
});

if (process.platform === 'linux') {
  describe('runs through the spawner', function () {
    this.timeout(20_000);
    let runs: TestRuns;

    beforeEach(async () => {
      runs = await TestRuns.open('spawner');
    });
    afterEach(() => runs.close());

    it('are children of the spawner, in a group of their own, and write as to any blocking output', async () => {
      const spawner = await runs.raiseSpawner();
      const runId = randomUUID();
      const line = 'cut -d " " -f 4,5 /proc/$$/stat; echo $$; head -c 3000000 /dev/zero';
      const outcome = await runs.start({ file: line, shell: true }, { runId, maxLogBytes: 10_000_000 }).settled;
      const [family, pid] = runs.readLog(runId).split('\n', 2);
      assert.equal(family, `${String(spawner)} ${String(pid)}`);
      assert.deepEqual([outcome.status, outcome.exitCode], ['succeeded', 0]);
      assert.ok(outcome.logBytes > 3_000_000);
    });

    it('go on when the spawner is killed; their output arrives, and that nobody knows how they ended is said', async () => {
      const spawner = await runs.raiseSpawner();
      const ready = Promise.withResolvers<undefined>();
      const go = join(runs.folder, 'go');
      const line = `echo before; while [ ! -e '${go}' ]; do sleep 0.05; done; echo after`;
      const runId = randomUUID();
      const run = runs.start({ file: line, shell: true }, { runId, onDidGrow: () => ready.resolve(undefined) });
      await ready.promise;
      const identity = await run.started;
      assert.ok(identity);

      process.kill(spawner, 'SIGKILL');
      await poll(() => identifyProcess(spawner) === null, 'the spawner ends');
      const next = await runs.raiseSpawner();
      assert.equal(isAlive(identity), true);
      writeFileSync(go, '');
      const outcome = await run.settled;

      assert.notEqual(next, spawner);
      assert.equal(runs.readLog(runId), 'before\nafter\n');
      assert.deepEqual(
        [outcome.status, outcome.errorCode, outcome.exitCode, outcome.signal],
        ['failed', 'exit_unknown', null, null],
      );
      assert.match(outcome.message ?? '', /spawner.*killed.*wake the agent/);
    });

    it('can be cancelled although the spawner was killed', async () => {
      const spawner = await runs.raiseSpawner();
      const run = runs.start({ file: 'sleep', args: ['600'] });
      await run.started;
      process.kill(spawner, 'SIGKILL');
      run.cancel('cancelled_by_user');
      assert.equal((await run.settled).status, 'cancelled');
    });
  });

  describe('a spawner', function () {
    this.timeout(20_000);
    let folder: string;
    let logger: TestLogger;
    let endpoints: Endpoint[];
    let starters: SpawnerStarter[];

    beforeEach(() => {
      folder = mkdtempSync(join(tmpdir(), 'spawner-'));
      logger = new TestLogger();
      endpoints = [];
      starters = [];
    });
    afterEach(() => {
      for (const starter of starters) starter.dispose();
      assert.deepEqual(
        endpoints.filter(({ path }) => existsSync(dirname(path))),
        [],
      );
      rmSync(folder, { recursive: true });
    });

    function makeStarter(clock: Clock, entry = spawnerEntry): SpawnerStarter {
      const openEndpoint = (): Endpoint => {
        const endpoint = createEndpoint();
        endpoints.push(endpoint);
        return endpoint;
      };
      const direct = new DirectStarter(systemClock);
      const starter = new SpawnerStarter({ entry, openEndpoint, direct, clock, logger });
      starters.push(starter);
      return starter;
    }

    function plan(parts: Partial<ProcessPlan>): ProcessPlan {
      const env = { PATH: process.env['PATH'] ?? '' };
      return { kind: 'process', file: 'true', args: [], shell: false, cwd: folder, env, stdin: null, ...parts };
    }

    async function raise(starter: SpawnerStarter): Promise<number> {
      await finish(starter, {});
      await poll(() => starter.spawnerPid !== undefined, 'the spawner comes up');
      return starter.spawnerPid ?? 0;
    }

    /** How a program ended; what is said of it if it could not be started. */
    async function finish(starter: ChildStarter, parts: Partial<ProcessPlan>): Promise<unknown> {
      const result = await starter.start(plan(parts));
      if (result.kind === 'failed') return explainSpawnFailure(plan(parts), result.code, result.text);
      const { child } = result;
      child.stdout.resume();
      child.stderr.resume();
      await child.closed;
      return child.exited;
    }

    it('says of each start that fails what a direct start says', async () => {
      const starter = makeStarter(systemClock);
      await raise(starter);
      const plain = join(folder, 'plain');
      writeFileSync(plain, 'x');
      const cases: Partial<ProcessPlan>[] = [
        { file: 'no-such-program' },
        { file: '/no/such/program' },
        { file: plain },
        { file: folder },
        { cwd: join(folder, 'gone') },
        { cwd: plain },
        { cwd: join(folder, 'gone'), shell: true },
        { args: ['x'.repeat(3_000_000)] },
        {
          env: Object.fromEntries(Array.from({ length: 60 }, (_, index) => [`V${String(index)}`, 'x'.repeat(100_000)])),
        },
        { file: '' },
        { file: 'exit 7', shell: true },
        { file: 'no-such-program', shell: true },
        { file: 'kill -9 $$', shell: true },
      ];
      for (const parts of cases) {
        const direct = await finish(new DirectStarter(systemClock), parts);
        assert.deepEqual(await finish(starter, parts), direct);
        assert.notDeepEqual(direct, { exitCode: 0, signal: null });
      }
      // Here the two words of it differ.
      for (const starting of [new DirectStarter(systemClock), starter]) {
        const failure = await finish(starting, { args: ['a\0b'] });
        assert.match(JSON.stringify(failure), /spawn_failed.*“true” could not be started: .*null bytes/);
      }
    });

    it('is not waited for by the first run, and ends after a minute without a child', async () => {
      const clock = new ManualClock();
      const starter = makeStarter(clock);
      assert.equal(starter.spawnerPid, undefined);
      const first = await raise(starter);
      clock.tick(50_000);
      await finish(starter, {});
      clock.tick(50_000);
      const lasting = await starter.start(plan({ file: 'cat', stdin: null }));
      assert.equal(lasting.kind, 'started');
      clock.tick(59_000);
      assert.equal(starter.spawnerPid, first);
      await finish(starter, {});
      await poll(() => clock.pendingDelays.includes(60_000), 'the minute begins');
      clock.tick(60_000);
      assert.equal(starter.spawnerPid, undefined);
      await poll(() => identifyProcess(first) === null, 'the spawner ends');
      assert.notEqual(await raise(starter), first);
    });

    it('that does not come up costs no run, is told of once, and tried again after a minute', async () => {
      const clock = new ManualClock();
      const starter = makeStarter(clock, join(folder, 'missing.mjs'));
      assert.deepEqual(await finish(starter, {}), { exitCode: 0, signal: null });
      await poll(() => endpoints.every(({ path }) => !existsSync(dirname(path))), 'it is given up');
      assert.deepEqual(await finish(starter, {}), { exitCode: 0, signal: null });
      assert.equal(endpoints.length, 1);
      clock.tick(60_000);
      await finish(starter, {});
      assert.equal(endpoints.length, 2);
    });

    it('that does not answer is ended after ten seconds, and what was asked counts as started', async () => {
      const clock = new ManualClock();
      const starter = makeStarter(clock);
      const pid = await raise(starter);
      process.kill(pid, 'SIGSTOP');
      const starting = starter.start(plan({}));
      clock.tick(10_000);
      const result = await starting;
      assert(result.kind === 'started');
      assert.equal(result.child.identity, null);
      result.child.stdout.resume();
      await result.child.closed;
      assert.deepEqual(await result.child.exited, { exitCode: null, signal: null });
    });

    it('lets nobody else write into a log', async () => {
      const starter = makeStarter(systemClock);
      const pid = await raise(starter);
      process.kill(pid, 'SIGSTOP');
      const starting = starter.start(plan({ file: 'echo own', shell: true }));
      const stranger = connect({ path: endpoints[0]?.path ?? '' });
      stranger.on('error', () => undefined);
      stranger.resume();
      stranger.end(`${'0'.repeat(36)}1forged`);
      try {
        await poll(() => stranger.destroyed, 'it is refused', 2000);
      } finally {
        stranger.destroy();
        process.kill(pid, 'SIGCONT');
      }
      const result = await starting;
      assert(result.kind === 'started');
      const chunks: Buffer[] = [];
      result.child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
      result.child.stderr.resume();
      await result.child.closed;
      assert.equal(Buffer.concat(chunks).toString('utf8'), 'own\n');
    });

    it('knows nothing of the environment and the arguments of what it started', async () => {
      const starter = makeStarter(systemClock);
      const pid = await raise(starter);
      await finish(starter, { args: ['private-argument'], env: { PATH: '/usr/bin:/bin', PRIVATE: 'private-value' } });
      for (const file of ['cmdline', 'environ']) {
        assert.doesNotMatch(readFileSync(`/proc/${String(pid)}/${file}`, 'latin1'), /private-/);
      }
    });
  });
}
