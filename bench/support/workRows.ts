import { monotonicFactory } from 'ulid';
import type { NewActivity } from '../../src/runtime/store/activityTable.ts';
import { putAgentDefinition } from '../../src/runtime/store/agentTable.ts';
import type { RunUsage } from '../../src/runtime/model.ts';
import { insertIssue } from '../../src/runtime/store/issueTable.ts';
import type { QueuedRun, Settlement } from '../../src/runtime/store/runTable.ts';
import type { Writer } from '../../src/runtime/store/store.ts';
import type { Wakeup } from '../../src/runtime/store/wakeupTable.ts';
import { defineAgent } from './agentDefinition.ts';

/** One agent that works on one issue, as every client of a measurement is. */
export interface Scope {
  readonly agent: string;
  readonly issueId: string;
}

export const workFolder = '/home/anna/projects/storefront';
export const workMs = 90_000;
export const nextId = monotonicFactory();

/** What each run says that it used. */
export const reportedUsage: RunUsage = {
  models: [
    {
      model: 'sonnet',
      inputTokens: 41_300,
      cachedTokens: 36_800,
      cacheWriteTokens: 0,
      outputTokens: 2_150,
      costMicros: 61_420,
      isListPrice: false,
    },
  ],
  turns: null,
};

/** What a process was started as. */
export function processOf(number: number) {
  const bootId = '7b1f0c0e-4a56-4c0f-9d8e-0a4c8c0f2d11';
  return { pid: 1000 + (number % 30_000), startTime: String(number), bootId };
}

/** Adds so many agents, each with an issue; answers them. */
export function addScopes(writer: Writer, count: number): Scope[] {
  return Array.from({ length: count }, (_, index): Scope => {
    const scope = { agent: `engineer-${String(index)}`, issueId: nextId() };
    const at = Date.now();
    const definition = defineAgent(scope.agent, workFolder);
    putAgentDefinition(writer, {
      key: scope.agent,
      position: index,
      definition,
      fingerprint: '',
      isEnforced: true,
      anchorAt: at,
    });
    insertIssue(writer, {
      id: scope.issueId,
      number: index + 1,
      title: 'The basket forgets its last item after a reload',
      body: 'Add two things, reload, and look: the second one is gone. It was there in the last release.',
      status: 'todo',
      priority: 'medium',
      assignee: scope.agent,
      location: null,
      createdAt: at,
      updatedAt: at,
    });
    return scope;
  });
}

type Asked = Pick<Wakeup, 'id' | 'agent' | 'taskKey' | 'issueId' | 'runId' | 'requestedAt'>;

export function wakeupOf(asked: Asked): Omit<Wakeup, 'number'> {
  return {
    ...asked,
    source: 'assignment',
    reason: 'Assigned by Anna',
    text: 'The second item is missing again; see the last comment.',
    idempotencyKey: null,
    author: 'user',
    cause: null,
    isFresh: false,
    status: 'queued',
    statusReason: null,
    endedAt: null,
  };
}

export function runOf(asked: Asked): Omit<QueuedRun, 'number'> {
  const { id, agent, taskKey, issueId, requestedAt } = asked;
  const cause = { source: 'assignment', reason: 'Assigned by Anna', priority: 2 } as const;
  return { id, agent, taskKey, issueId, ...cause, queuedAt: requestedAt };
}

export function settlementOf(finishedAt: number): Settlement {
  return {
    status: 'succeeded',
    finishedAt,
    exitCode: 0,
    signal: null,
    errorCode: null,
    message: null,
    setback: null,
    stdoutExcerpt: 'src/basket.ts: the last item is kept; 148 checks passed\n',
    stderrExcerpt: '',
    logBytes: 20_000,
  };
}

/** What the audit log keeps of a step. */
export function activityOf(
  step: Pick<NewActivity, 'at' | 'action' | 'agent'> & { readonly runId: string },
): NewActivity {
  const facts = { actor: 'runtime', target: `run:${step.runId}`, result: 'done', costMicros: null, details: '{}' };
  return { ...step, ...facts, text: null };
}
