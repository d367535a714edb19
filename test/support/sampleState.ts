import type { ChangeBatch, Snapshot } from '../../src/protocol.ts';
import type { Agent, HeartbeatRun, Issue, Question, Run, RuntimeState } from '../../src/runtime/model.ts';

export function sampleAgent(key: string, part: Partial<Agent> = {}): Agent {
  return {
    key,
    role: null,
    goal: null,
    reportsTo: null,
    adapter: 'process',
    status: 'idle',
    statusReason: null,
    consent: 'accepted',
    isRunnable: true,
    commandLine: 'node agent.mjs',
    cwd: '/srv',
    timeoutSec: 60,
    heartbeat: {
      enabled: false,
      intervalSec: 0,
      cron: null,
      timezone: null,
      catchUp: 'skip',
      quietHours: null,
      skipWhenIdle: false,
      onlyIf: [],
      wakeOnAssignment: true,
      wakeOnOnDemand: true,
      wakeOnAutomation: true,
      maxConcurrentRuns: 1,
    },
    retries: 2,
    isTripped: false,
    isPaused: part.status === 'paused',
    limitedUntil: null,
    namedHeartbeats: [],
    nextHeartbeatAt: null,
    lastRunId: null,
    lastRunStatus: null,
    lastRunAt: null,
    today: { from: 0, to: 0, runs: 0, failedRuns: 0, runMs: 0, costMicros: null, listedMicros: 0, runsWithoutCost: 0 },
    skips: { day: 0, counts: [] },
    ...part,
  };
}

export function sampleHeartbeat(number: number, part: Partial<HeartbeatRun> = {}): HeartbeatRun {
  const id = `heartbeat-${String(number)}`;
  return { id, number, name: 'daily', plannedAt: 1, triggeredAt: 1, completedAt: null, parts: [], ...part };
}

export function sampleRun(number: number, part: Partial<Run> = {}): Run {
  return {
    id: `run-${String(number)}`,
    number,
    agent: 'engineer',
    taskKey: 'on_demand',
    issueId: null,
    source: 'on_demand',
    reason: 'asked for',
    status: 'queued',
    heldFor: null,
    queuedAt: 1,
    startedAt: null,
    finishedAt: null,
    exitCode: null,
    signal: null,
    errorCode: null,
    message: null,
    logBytes: 0,
    adapter: null,
    usage: null,
    sessionId: null,
    isCancelling: false,
    logRemoval: null,
    priority: 2,
    place: number,
    changes: null,
    chainId: null,
    attempt: 1,
    notBefore: null,
    waitingSince: null,
    stalledSince: null,
    ...part,
  };
}

export function sampleIssue(number: number, part: Partial<Issue> = {}): Issue {
  return {
    id: `issue-${String(number)}`,
    number,
    title: `Issue ${String(number)}`,
    body: '',
    status: 'todo',
    priority: 'medium',
    assignee: null,
    location: null,
    createdAt: 1,
    updatedAt: 1,
    parentId: null,
    blockedBy: [],
    openChildren: 0,
    comments: 0,
    loopStoppedAt: null,
    ...part,
  };
}

export function sampleQuestion(number: number, part: Partial<Question> = {}): Question {
  return {
    id: `question-${String(number)}`,
    number,
    runId: 'run-1',
    agent: 'engineer',
    taskKey: 'on_demand',
    issueId: null,
    text: `Question ${String(number)}?`,
    choices: [],
    askedAt: 1,
    ...part,
  };
}

export function sampleRuntime(part: Partial<RuntimeState> = {}): RuntimeState {
  return {
    pid: 1,
    version: '1.0.0',
    startedAt: 1,
    mode: 'running',
    isStopped: false,
    slots: 4,
    storePath: '/store',
    logPath: '/store/runtime.log',
    remarks: [],
    secrets: [],
    ...part,
  };
}

export function sampleSnapshot(part: Partial<Snapshot> = {}): Snapshot {
  return {
    sequence: 0,
    runtime: sampleRuntime(),
    configuration: { status: 'ok', path: '/srv/.reveille/reveille.yaml', org: null, problems: [], pending: [] },
    agents: [sampleAgent('engineer')],
    issues: [],
    runs: [],
    questions: [],
    ...part,
  };
}

/** A batch that follows the one before it and carries one run. */
export function sampleBatch(sequence: number, part: Partial<Run> = {}): ChangeBatch {
  return { sequence, previous: sequence - 1, changes: [{ kind: 'run', value: sampleRun(sequence, part) }] };
}
