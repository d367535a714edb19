import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { putAgentDefinition } from '../../src/runtime/store/agentTable.ts';
import type { Settlement } from '../../src/runtime/store/runTable.ts';
import { StateWriter } from '../../src/runtime/store/stateWriter.ts';
import { Store } from '../../src/runtime/store/store.ts';
import type { WakeRequest } from '../../src/runtime/wakeups/inbox.ts';
import { Audit } from '../../src/runtime/governance/audit.ts';
import { AuditKeys } from '../../src/runtime/governance/auditKeys.ts';
import { WakeQueue } from '../../src/runtime/wakeups/queue.ts';
import { defineAgent } from './agentDefinition.ts';
import { quietLogger } from './quietLogger.ts';

const minuteMs = 60_000;
const flushEvery = 500;

/**
 * Fills a store with settled runs, by the same steps that a runtime takes: request, claim, process, end.
 * @param store the directory that the registry names
 */
export async function fillStore(
  store: string,
  options: {
    readonly runs: number;
    readonly agents: readonly string[];
    readonly wasmPath: string;
    readonly cwd: string;
  },
): Promise<void> {
  const directory = path.join(store, 'state');
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const { wasmPath, cwd, agents } = options;
  const opened = await Store.open({ directory, wasmPath, logger: quietLogger, isFenced: () => false });
  const state = new StateWriter(opened, () => undefined);
  let now = Date.now() - options.runs * minuteMs;
  const clock = { now: () => now, monotonic: () => now, setTimeout: () => ({ dispose: () => undefined }) };
  const queue = new WakeQueue({ state, clock, audit: new Audit({ store: opened, clock, keys: new AuditKeys() }) });
  state.commit((transaction) => {
    for (const [position, key] of agents.entries()) {
      const definition = defineAgent(key, cwd);
      putAgentDefinition(transaction, { key, position, definition, fingerprint: '', isEnforced: true, anchorAt: now });
    }
  });
  for (let number = 0; number < options.runs; number += 1) {
    const agent = agents[number % agents.length] ?? '';
    const { runId } = state.commit((transaction) => queue.admit(transaction, ask(agent, number)));
    const id = runId ?? '';
    queue.claim(id, { commandLine: 'npm run check -- --changed-only', cwd });
    queue.noteProcess(id, {
      pid: 1000 + number,
      startTime: String(number),
      bootId: '7b1f0c0e-4a56-4c0f-9d8e-0a4c8c0f2d11',
    });
    now += minuteMs;
    queue.settle(id, end(number, now));
    if (number % flushEvery === 0) await opened.durable();
  }
  await opened.close();
}

function ask(agent: string, number: number): WakeRequest {
  const text = number % 3 === 0 ? `Look at change ${String(number)} again; two of its checks failed.` : null;
  const reason = 'Woken by hand';
  return {
    agent,
    source: 'on_demand',
    reason,
    text,
    issueId: null,
    taskKey: null,
    idempotencyKey: null,
    author: 'user',
  };
}

function end(number: number, finishedAt: number): Settlement {
  const isGood = number % 10 !== 0;
  return {
    status: isGood ? 'succeeded' : 'failed',
    finishedAt,
    exitCode: isGood ? 0 : 1,
    signal: null,
    errorCode: isGood ? null : 'exit_code',
    message: isGood ? null : 'The program ended with exit code 1. Its log tells why.',
    setback: null,
    stdoutExcerpt: 'src/app.ts: 3 comments to look at\n'.repeat(12),
    stderrExcerpt: isGood ? '' : 'Error: 2 of 148 checks failed\n'.repeat(4),
    logBytes: 20_000,
  };
}
