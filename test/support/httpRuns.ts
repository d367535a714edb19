import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { HttpPlan } from '../../src/runtime/adapters/adapter.ts';
import { HttpReader } from '../../src/runtime/adapters/httpReader.ts';
import type { AgentEvent } from '../../src/runtime/adapters/events.ts';
import { systemClock, type Clock } from '../../src/runtime/clock.ts';
import { DirectStarter } from '../../src/runtime/runs/directStarter.ts';
import { startPlan } from '../../src/runtime/runs/drivers.ts';
import type { ProcessOptions, ProcessRun } from '../../src/runtime/runs/processDriver.ts';
import type { ProcessOutcome } from '../../src/runtime/runs/processOutcome.ts';
import { ProcessTrees } from '../../src/runtime/runs/processTree.ts';
import { addEvent, conclude, nothingReported } from '../../src/runtime/runs/report.ts';
import { useTemporaryFolder } from './eachTemporaryFolder.ts';
import { HttpAgentServer, type Answerer } from './httpAgentServer.ts';
import { poll } from './poll.ts';
import { TestLogger } from './testLogger.ts';

/** A clock whose timers are so much faster than the system's; its times are the system's. */
function fastClock(factor: number): Clock {
  return { ...systemClock, setTimeout: (callback, delayMs) => systemClock.setTimeout(callback, delayMs / factor) };
}

interface HttpRun {
  readonly process: ProcessRun;
  readonly events: AgentEvent[];
  /** With all that it had said. */
  readonly outcome: Promise<ProcessOutcome>;
  readLog(): string;
}

/** Starts a run against a server. What its server says is read as in the runtime, without the records. */
function startHttpRun(
  folder: string,
  plan: Partial<HttpPlan> & Pick<HttpPlan, 'url'>,
  options: Partial<ProcessOptions> = {},
): HttpRun {
  const runId = randomUUID();
  const logPath = join(folder, `${runId}.log`);
  const logger = new TestLogger();
  const clock = options.clock ?? systemClock;
  const reader = new HttpReader();
  const events: AgentEvent[] = [];
  const hear = (all: readonly AgentEvent[]): void => {
    events.push(...all);
    if (all.some(({ kind }) => kind === 'result')) process.closeInput();
  };
  const headers = { 'Content-Type': 'application/json', 'Idempotency-Key': runId };
  const process = startPlan(
    { kind: 'http', method: 'POST', body: '{}', pollMs: 1000, ...plan, headers: { ...headers, ...plan.headers } },
    {
      runId,
      logPath,
      timeoutSec: 0,
      graceSec: 5,
      clock,
      logger,
      trees: new ProcessTrees({ clock, logger }),
      starter: new DirectStarter(clock),
      onOutput: (chunk, stream) => {
        hear(reader.push(chunk, stream));
      },
      ...options,
    },
  );
  const outcome = process.settled.then((settled) => {
    hear(reader.end());
    return conclude(settled, events.reduce(addEvent, nothingReported));
  });
  return { process, events, outcome, readLog: () => readFileSync(logPath, 'utf8') };
}

/** Gives each test of the surrounding `describe` a server, and fails if a run leaves a connection to it open. */
export function useHttpServer() {
  const folder = useTemporaryFolder();
  let opened: HttpAgentServer | null = null;
  const server = (): HttpAgentServer => {
    assert(opened, 'There is a server only while a test runs');
    return opened;
  };
  beforeEach(async () => {
    opened = await HttpAgentServer.open();
  });
  afterEach(async () => {
    await poll(() => server().connections === 0, 'no connection is left');
    await server()[Symbol.asyncDispose]();
  });
  /** A run that is posted to `/runs`, on a clock twenty times as fast. */
  const start = (plan: Partial<HttpPlan> = {}, options: Partial<ProcessOptions> = {}): HttpRun =>
    startHttpRun(folder.path, { url: server().url('/runs'), ...plan }, { clock: fastClock(20), ...options });
  const verdict = async (run: Pick<HttpRun, 'outcome'>): Promise<unknown[]> => {
    const { status, errorCode, message } = await run.outcome;
    return [status, errorCode, message];
  };
  /** How a run comes out whose posts are answered so. */
  const outcomeOf = async (
    answer: Answerer,
    plan: Partial<HttpPlan> = {},
  ): Promise<[status: string, errorCode: string | null, message: string]> => {
    server().on('POST /runs', answer);
    const { status, errorCode, message } = await start(plan).outcome;
    return [status, errorCode, message ?? ''];
  };
  return { server, start, verdict, outcomeOf };
}
