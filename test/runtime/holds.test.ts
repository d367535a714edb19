import assert from 'node:assert/strict';
import { SlotFiles } from '../../src/endpoint/slotFiles.ts';
import { untranslated } from '../../src/format.ts';
import type { HoldReason, Run } from '../../src/runtime/model.ts';
import { describeNow, describeQueue } from '../../src/whyText.ts';
import { letGo } from '../support/gatedAgent.ts';
import { TestRuntime, type TestRuntimeOptions } from '../support/openTestRuntime.ts';

/** One thing that a run may wait for: how it comes about, and what ends it. */
interface HoldCase {
  readonly options?: TestRuntimeOptions;
  /** Brings it about; what is needed to end it again may be answered. */
  readonly hold: (runtime: TestRuntime) => Promise<unknown>;
  /** Asks for the run that is held. Default: by hand, while the hold is in force. */
  readonly wake?: (runtime: TestRuntime, held: unknown) => Promise<string>;
  /** Comes between the wake and the hold, for holds under which nobody can wake. */
  readonly then?: (runtime: TestRuntime) => Promise<unknown>;
  /** Ends it, and does nothing else. */
  readonly release: (runtime: TestRuntime, held: unknown) => Promise<unknown>;
  /** What *Why* and the queue say. */
  readonly says: RegExp;
  /** What the agent does meanwhile. Default: it is held. */
  readonly now?: 'queued' | 'running';
  /** False where the end of the runtime ends it too. */
  readonly isLasting: boolean;
}

/** Works until a file of its task appears. */
const program = `adapter: process, command: sh, args: [-c, 'while [ ! -e "go-$REVEILLE_TASK_KEY" ]; do sleep 0.02; done; cat']`;
const many = 'heartbeat: { maxConcurrentRuns: 9 }';

function configure(both: string, providers = ''): TestRuntimeOptions {
  return {
    configuration: `${providers}\nagents:\n  held: { ${program}, ${both}, ${many} }\n  other: { ${program}, ${both}, ${many} }\n`,
  };
}

const shared = configure('shareCwd: true');

const otherRuns = {
  hold: async (runtime: TestRuntime) => {
    const runId = await runtime.wake('other', { taskKey: 'before' });
    await runtime.until((state) => state.runs.get(runId)?.status === 'running');
  },
  release: (runtime: TestRuntime) => {
    letGo(runtime, 'before');
    return Promise.resolve();
  },
  isLasting: false,
} as const;
const othersRun = { ...otherRuns, now: 'queued' } as const;

async function createIssue({ connection }: TestRuntime): Promise<string> {
  const { issue } = await connection.request('issue.create', { title: 'Mend it' });
  return issue.id;
}

async function wakeAbout(
  { connection }: TestRuntime,
  wake: { readonly agent: string; readonly taskKey: string; readonly issueId: string },
): Promise<string> {
  const { runId } = await connection.request('agent.wake', { ...wake, text: 'mind this' });
  return runId ?? '';
}

/** Every reason to hold a run has its row here, or stands with what makes it. */
const cases: Record<HoldReason, HoldCase | 'tested elsewhere'> = {
  stopped: {
    hold: ({ connection }) => connection.request('everything.stop', { reason: 'x' }),
    release: ({ connection }) => connection.request('everything.release', {}),
    says: /everything is stopped/,
    isLasting: true,
  },
  draining: {
    hold: async (runtime) => {
      await othersRun.hold(runtime);
      await runtime.connection.request('runtime.stop', { mode: 'drain', reason: 'update' });
    },
    // Once nothing runs any more it leaves, and its successor goes on.
    release: async (runtime) => {
      letGo(runtime, 'before');
      await runtime.until(({ runs }) => [...runs.values()].some(({ finishedAt }) => finishedAt !== null));
      await runtime.restart();
    },
    says: /the runtime is being updated/,
    isLasting: false,
  },
  trust: {
    ...otherRuns,
    options: { ...shared, slots: 1 },
    then: async (runtime) => {
      runtime.connection.updateSettings({ kind: 'window', isTrusted: false });
      letGo(runtime, 'before');
      await Promise.resolve();
    },
    release: ({ connection }) => {
      connection.updateSettings({ kind: 'window', isTrusted: true });
      return Promise.resolve();
    },
    says: /this workspace is not trusted/,
  },
  consent: {
    options: { ...shared, isAccepted: false },
    hold: () => Promise.resolve(),
    release: (runtime) => runtime.acceptAll(),
    says: /waits for your review/,
    isLasting: true,
  },
  paused: {
    hold: ({ connection }) => connection.request('agent.pause', { agent: 'held' }),
    release: ({ connection }) => connection.request('agent.resume', { agent: 'held' }),
    says: /it is paused/,
    isLasting: true,
  },
  absent: {
    hold: async (runtime) => {
      runtime.writeConfiguration('agents: {}\n');
      await runtime.connection.request('configuration.reload', {});
    },
    release: async (runtime) => {
      runtime.writeConfiguration(shared.configuration ?? '');
      await runtime.connection.request('configuration.reload', {});
    },
    says: /missing from the configuration/,
    isLasting: true,
  },
  session_busy: {
    ...otherRuns,
    hold: async (runtime) => {
      const runId = await runtime.wake('held', { taskKey: 'automation' });
      await runtime.until((state) => state.runs.get(runId)?.status === 'running');
    },
    wake: (runtime) => runtime.wake('held', { taskKey: 'on_demand', text: 'mind this' }),
    release: (runtime) => {
      letGo(runtime, 'automation');
      return Promise.resolve();
    },
    says: /another run has its session open/,
    now: 'running',
  },
  cwd_busy: { ...othersRun, options: configure('shareCwd: false'), says: /another run works in its directory/ },
  provider_busy: {
    ...othersRun,
    options: configure('shareCwd: true, provider: acme', 'providers: { acme: { maxConcurrentRuns: 1 } }'),
    says: /as many runs as may use its provider/,
  },
  slots_busy: { ...othersRun, options: { ...shared, slots: 1 }, says: /all slots are taken/ },
  machine_busy: {
    hold: (runtime) => {
      const files = new SlotFiles(runtime.stateDirectory);
      for (let slot = 0; slot < 8; slot += 1) assert.ok(files.take(`elsewhere ${String(slot)}`, 8));
      return Promise.resolve(files);
    },
    release: (_runtime, files) => {
      assert.ok(files instanceof SlotFiles);
      files.release('elsewhere 3');
      return Promise.resolve();
    },
    says: /all slots of this machine are taken/,
    now: 'queued',
    isLasting: true,
  },
  issue_busy: {
    hold: async (runtime) => {
      const issueId = await createIssue(runtime);
      const runId = await wakeAbout(runtime, { agent: 'other', taskKey: 'before', issueId });
      await runtime.until((state) => state.runs.get(runId)?.status === 'running');
      return issueId;
    },
    wake: (runtime, issueId) => wakeAbout(runtime, { agent: 'held', taskKey: 'kept', issueId: String(issueId) }),
    release: (runtime) => {
      letGo(runtime, 'before');
      return Promise.resolve();
    },
    says: /another agent works on its issue/,
    now: 'queued',
    isLasting: false,
  },
  blocked: {
    hold: async (runtime) => {
      const issueId = await createIssue(runtime);
      await runtime.connection.request('issue.setStatus', { issueId, status: 'blocked' });
      return issueId;
    },
    wake: (runtime, issueId) => wakeAbout(runtime, { agent: 'held', taskKey: 'kept', issueId: String(issueId) }),
    release: ({ connection }, issueId) =>
      connection.request('issue.setStatus', { issueId: String(issueId), status: 'todo' }),
    says: /its issue is blocked/,
    now: 'queued',
    isLasting: true,
  },
  confirmation: {
    hold: () => Promise.resolve(),
    wake: async (runtime) => {
      const first = await runtime.wake('held', { taskKey: 'again' });
      await runtime.until((state) => state.runs.get(first)?.status === 'running');
      await runtime.wake('held', { taskKey: 'again', text: 'mind this' });
      await runtime.connection.request('run.cancel', { runId: first });
      const isFollowUp = ({ id, taskKey }: Run): boolean => taskKey === 'again' && id !== first;
      await runtime.until(({ runs }) => [...runs.values()].some(isFollowUp));
      return [...runtime.state.runs.values()].find(isFollowUp)?.id ?? '';
    },
    release: async (runtime) => {
      letGo(runtime, 'again');
      const held = [...runtime.state.runs.values()].find(({ heldFor }) => heldFor === 'confirmation');
      await runtime.connection.request('queue.runNow', { runId: held?.id ?? '' });
    },
    says: /the run before it was cancelled/,
    now: 'queued',
    isLasting: true,
  },
  // A wake for a scope that is busy makes no run: it waits in the inbox. See dispatcher.test.ts.
  scope_busy: 'tested elsewhere',
  // These wait for a time, or stand at the end of a history: see attempts.test.ts, limits.test.ts and loopBreaker.test.ts.
  loop_breaker: 'tested elsewhere',
  secrets: {
    options: configure('shareCwd: true, env: { TOKEN: { secret: HOLDING_TOKEN } }'),
    hold: () => Promise.resolve(),
    release: ({ connection }) => connection.request('secrets.offer', { values: { HOLDING_TOKEN: 'x' } }),
    says: /a secret that it needs is missing/,
    isLasting: true,
  },
  locked: 'tested elsewhere',
  rate_limit: 'tested elsewhere',
  budget: 'tested elsewhere',
  retry: 'tested elsewhere',
};

async function assertShown(runtime: TestRuntime, runId: string, reason: HoldReason, row: HoldCase): Promise<void> {
  await runtime.until((state) => state.runs.get(runId)?.heldFor === reason);
  const queue = await runtime.connection.request('queue.list', { limit: 10 });
  const line = describeQueue(queue, Date.now(), untranslated).find((text) => text.startsWith(runId));
  assert.match(line ?? '', row.says);
  const why = await runtime.connection.request('agent.explain', { agent: 'held', limit: 5 });
  assert.equal(why.now.kind, row.now ?? 'held');
  if (why.now.kind !== 'running') assert.match(describeNow(why, String, untranslated), row.says);
}

describe('A held run', function () {
  this.timeout(60_000);

  for (const [name, row] of Object.entries(cases)) {
    const reason = name as HoldReason;
    if (row === 'tested elsewhere') continue;
    it(`shows ${reason}, keeps its place and its message, and starts by exactly what ends that`, async () => {
      await using runtime = await TestRuntime.open(row.options ?? shared);
      for (const task of ['kept', 'on_demand']) letGo(runtime, task);
      const held = await row.hold(runtime);
      const wake = row.wake ?? ((one: TestRuntime) => one.wake('held', { taskKey: 'kept', text: 'mind this' }));
      const runId = await wake(runtime, held);
      await row.then?.(runtime);
      await assertShown(runtime, runId, reason, row);
      const { place, priority } = runtime.state.runs.get(runId) ?? {};

      await runtime.connection.request('configuration.reload', {});
      if (row.isLasting) await runtime.restart();
      await assertShown(runtime, runId, reason, row);
      const { place: laterPlace, priority: laterPriority } = runtime.state.runs.get(runId) ?? {};
      assert.deepEqual([laterPlace, laterPriority], [place, priority]);
      await row.release(runtime, held);

      assert.equal((await runtime.settled(runId)).status, 'succeeded');
      assert.match(await runtime.readLog(runId), /mind this/);
    });
  }
});
