import type { DashboardState } from '../../src/dashboardProtocol.ts';
import { untranslated } from '../../src/format.ts';
import type { ViewedFolder } from '../../src/views/folderLevel.ts';
import { dashboardState } from '../../src/views/dashboard/state.ts';
import { sampleAgent, sampleIssue, sampleRun } from '../support/sampleState.ts';
import { viewedFolder } from '../views/viewedFolder.ts';

const minuteMs = 60_000;

/** A folder on a busy morning, as seen at `now`. */
export function busyFolder(now: number, name = 'workshop'): ViewedFolder {
  return viewedFolder({
    name,
    agents: [
      sampleAgent('surveyor', {
        role: 'Lists TODO and FIXME comments with file and line',
        status: 'running',
        heartbeat: { ...sampleAgent('x').heartbeat, enabled: true, cron: '*/30 * * * *' },
        nextHeartbeatAt: now + 12 * minuteMs,
        lastRunAt: now - 18 * minuteMs,
        lastRunStatus: 'succeeded',
        lastRunId: 'run-6',
        today: {
          from: now - 600 * minuteMs,
          to: now + 840 * minuteMs,
          runs: 4,
          failedRuns: 1,
          runMs: 12 * minuteMs,
          costMicros: 320_000,
          listedMicros: 320_000,
          runsWithoutCost: 0,
        },
      }),
      sampleAgent('checker', {
        role: 'Runs the tests and reports what fails',
        lastRunStatus: 'failed',
        lastRunId: 'run-5',
        lastRunAt: now - 31 * minuteMs,
      }),
      sampleAgent('librarian', {
        role: 'Keeps the change log in order',
        status: 'paused',
        statusReason: 'Paused from the editor',
      }),
      sampleAgent('gardener', {
        role: 'Removes dead code, one branch at a time',
        consent: 'pending',
        isRunnable: false,
      }),
    ],
    runs: [
      sampleRun(9, {
        agent: 'checker',
        reason: 'Issue #3 was assigned: parser loses the last line of a file without a newline',
        heldFor: 'cwd_busy',
        queuedAt: now - 2 * minuteMs,
      }),
      sampleRun(8, {
        agent: 'surveyor',
        status: 'running',
        reason: 'Scheduled heartbeat',
        source: 'timer',
        queuedAt: now - 85_000,
        startedAt: now - 84_000,
        logBytes: 81_233,
      }),
      sampleRun(6, {
        usage: {
          models: [
            {
              model: 'm',
              inputTokens: 1200,
              cachedTokens: 0,
              cacheWriteTokens: 0,
              outputTokens: 80,
              costMicros: 12_000,
              isListPrice: true,
            },
          ],
          turns: 2,
        },
        agent: 'surveyor',
        status: 'succeeded',
        reason: 'Scheduled heartbeat',
        source: 'timer',
        startedAt: now - 19 * minuteMs,
        finishedAt: now - 18 * minuteMs,
        exitCode: 0,
      }),
      sampleRun(5, {
        agent: 'checker',
        status: 'failed',
        reason: 'Woken from the editor',
        startedAt: now - 32 * minuteMs,
        finishedAt: now - 31 * minuteMs,
        exitCode: 1,
        errorCode: 'exit_code',
        message: '2 of 14 tests failed. Open the log for the names.',
      }),
      sampleRun(4, {
        agent: 'librarian',
        status: 'timed_out',
        reason: 'Woken from the editor',
        startedAt: now - 95 * minuteMs,
        finishedAt: now - 65 * minuteMs,
        signal: 'SIGTERM',
        errorCode: 'timeout',
        message: 'It ran longer than 30 min. Raise timeoutSec, or give it smaller tasks.',
      }),
      sampleRun(3, {
        agent: 'surveyor',
        status: 'cancelled',
        reason: 'Scheduled heartbeat',
        source: 'timer',
        startedAt: now - 125 * minuteMs,
        finishedAt: now - 124 * minuteMs,
        errorCode: 'cancelled_by_user',
      }),
    ],
    issues: [
      sampleIssue(3, {
        title: 'Parser loses the last line of a file without a newline',
        assignee: 'checker',
        priority: 'high',
        status: 'in_progress',
      }),
      sampleIssue(2, { title: 'Say in the README how to run one test', assignee: null }),
      sampleIssue(1, {
        title: 'Wait for the new release of the formatter',
        assignee: 'librarian',
        status: 'blocked',
        priority: 'low',
      }),
    ],
    pending: [
      {
        agent: 'gardener',
        hash: 'h1',
        before: null,
        after: 'command: node',
        summary: 'Would execute: node tools/garden.mjs --dry-run',
      },
    ],
  });
}

export function stateOf(folders: readonly ViewedFolder[], isTrusted = true): DashboardState {
  return dashboardState({ folders, isTrusted, t: untranslated });
}
