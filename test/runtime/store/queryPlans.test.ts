import assert from 'node:assert/strict';
import {
  listActivity,
  listActivityAfter,
  listAgentChanges,
  listFolderChanges,
} from '../../../src/runtime/store/activityTable.ts';
import {
  findHeartbeatRun,
  findNamedNext,
  findOpenPart,
  insertHeartbeatRun,
  listHeartbeatRuns,
  setNamedNext,
  setPart,
} from '../../../src/runtime/store/heartbeatTable.ts';
import { isIssueBlocked, listBlocked, listBlockers } from '../../../src/runtime/store/issueBlockerTable.ts';
import { listAllComments, listComments } from '../../../src/runtime/store/issueCommentTable.ts';
import { findIssue, hasIssueToDo, listChildren, listIssues } from '../../../src/runtime/store/issueTable.ts';
import { listLogFacts, listRunFacts, listWakeupFacts } from '../../../src/runtime/store/retentionTable.ts';
import { listPendingQuestions } from '../../../src/runtime/store/questionTable.ts';
import {
  countAttempts,
  countRuns,
  findNextStart,
  findQueuedRunOfScope,
  findRunningRunOfScope,
  listActiveRuns,
  listLastRunTimes,
  findQueuedPlace,
  listQueuedPlaces,
  countQueuedRunsBefore,
  listQueuedRuns,
  listQueuedRunsBefore,
  listQueuedRunsOfAgent,
  listRunningRuns,
  listRuns,
  listSettledRuns,
  listUnheldRuns,
  nextRunNumber,
} from '../../../src/runtime/store/runTable.ts';
import { listSessions } from '../../../src/runtime/store/sessionTable.ts';
import { deleteOldSkips, listSkipDays, listSkips } from '../../../src/runtime/store/skipTable.ts';
import type { Writer } from '../../../src/runtime/store/store.ts';
import { deleteOldUsage, sumUsage } from '../../../src/runtime/store/usageTable.ts';
import {
  findWakeupByKey,
  listWaitingWakeups,
  listWakeupsOfAgent,
  listWakeupsOfRun,
} from '../../../src/runtime/store/wakeupTable.ts';
import { WakeFixture } from '../../support/wakeFixture.ts';

const session = { agent: 'a', taskKey: 't', adapter: 'process', runs: 1, createdAt: 1, updatedAt: 1 };
const page = { before: 7, limit: 50 };

/** Each query that a list, a request or a wake makes. */
const queries: Record<string, (reader: Writer) => unknown> = {
  'queued runs': (reader) => listQueuedRuns(reader, null, 16),
  'queued runs, next page': (reader) => listQueuedRuns(reader, { priority: 1, place: 5 }, 16),
  'places in the queue': (reader) => listQueuedPlaces(reader),
  'place of a run': (reader) => findQueuedPlace(reader, 'r'),
  'next time of a named schedule': (reader) => findNamedNext(reader, 's'),
  'noting and forgetting that': (reader) => {
    setNamedNext(reader, 's', 1);
    setNamedNext(reader, 's', null);
  },
  'page of heartbeat runs': (reader) => listHeartbeatRuns(reader, 7, 50),
  'a heartbeat run': (reader) => findHeartbeatRun(reader, 'h'),
  'open part of a heartbeat run': (reader) => findOpenPart(reader, 'w'),
  'noting a part': (reader) => setPart(reader, { heartbeatRunId: 'h', agent: 'a' }, { runId: 'r', outcome: null }),
  'removing old heartbeat runs': (reader) =>
    insertHeartbeatRun(reader, { id: 'h', name: 'n', plannedAt: 1, triggeredAt: 1 }),
  'unheld runs': (reader) => listUnheldRuns(reader, 500),
  'running runs': (reader) => listRunningRuns(reader),
  'queued run of a scope': (reader) => findQueuedRunOfScope(reader, 'a', 't'),
  'running run of a scope': (reader) => findRunningRunOfScope(reader, 'a', 't'),
  'count of runs': (reader) => countRuns(reader, 'a', 'running'),
  'page of runs': (reader) => listRuns(reader, page),
  'page of runs of an agent': (reader) => listRuns(reader, { ...page, agent: 'a' }),
  'active runs': (reader) => listActiveRuns(reader),
  'settled runs': (reader) => listSettledRuns(reader, 50),
  'number of a run': (reader) => nextRunNumber(reader),
  'page of issues': (reader) => listIssues(reader, { ...page, includeClosed: true }),
  'page of open issues': (reader) => listIssues(reader, { ...page, includeClosed: false }),
  'one issue': (reader) => findIssue(reader, 'i'),
  'issue to do': (reader) => hasIssueToDo(reader, 'a'),
  'whether an issue is blocked': (reader) => isIssueBlocked(reader, 'i'),
  'parts of an issue': (reader) => listChildren(reader, 'i', 50),
  'what an issue waits for': (reader) => listBlockers(reader, 'i'),
  'what waits for an issue': (reader) => listBlocked(reader, 'i'),
  'page of comments': (reader) => listComments(reader, { issueId: 'i', before: 7, limit: 50 }),
  'page of all comments': (reader) => listAllComments(reader, 7, 50),
  'queued runs before one': (reader) => listQueuedRunsBefore(reader, { priority: 1, place: 5 }, 2),
  'how many queued runs stand before one': (reader) => countQueuedRunsBefore(reader, { priority: 1, place: 5 }),
  'queued runs of an agent': (reader) => listQueuedRunsOfAgent(reader, 'a'),
  'next start of a delayed run': (reader) => findNextStart(reader, 7),
  'attempts of a chain': (reader) => countAttempts(reader, 'r', 'process_lost'),
  'run times of an agent': (reader) => listLastRunTimes(reader, 'a', 20),
  'pending questions': (reader) => listPendingQuestions(reader, page),
  'wakeups of an agent': (reader) => listWakeupsOfAgent(reader, 'a', 7, 50),
  'changes of an agent': (reader) => listAgentChanges(reader, 'a', 7, 50),
  'changes of the folder': (reader) => listFolderChanges(reader, 7, 50),
  'days with skips': (reader) => listSkipDays(reader, 'a', 7, 50),
  inbox: (reader) => listWaitingWakeups(reader, 'a', 't'),
  'wakeups of a run': (reader) => listWakeupsOfRun(reader, 'r'),
  'wakeup by key': (reader) => findWakeupByKey(reader, { agent: 'a', source: 'timer', idempotencyKey: 'k', since: 1 }),
  'page of sessions': (reader) => listSessions(reader, { before: session, limit: 50 }),
  'page of sessions of an agent': (reader) => listSessions(reader, { agent: 'a', before: session, limit: 50 }),
  'page of activity': (reader) => listActivity(reader, page),
  'page of activity of an agent': (reader) => listActivity(reader, { ...page, agent: 'a' }),
  'page of activity of a run': (reader) => listActivity(reader, { ...page, runId: 'r' }),
  'slice of activity': (reader) => listActivityAfter(reader, 1, 500),
  'slice of runs': (reader) => listRunFacts(reader, 1, 500),
  'slice of logs': (reader) => listLogFacts(reader, 1, 500),
  'slice of wakeups': (reader) => listWakeupFacts(reader, 1, 500),
  'skips of a day': (reader) => listSkips(reader, 'a', 1),
  'old skips': (reader) => deleteOldSkips(reader, 1, 500),
  'usage of a span': (reader) => sumUsage(reader, { from: 1, to: 2 }),
  'usage of an agent': (reader) => sumUsage(reader, { from: 1, to: 2 }, 'a'),
  'old usage': (reader) => deleteOldUsage(reader, 1, 500),
};

/** The plans of all statements that a query executes. */
function plansOf(reader: WakeFixture['store'], query: (reader: Writer) => unknown): string[] {
  const plans: string[] = [];
  const explain = (sql: string, params?: Parameters<Writer['all']>[1]): void => {
    plans.push(...reader.all(`EXPLAIN QUERY PLAN ${sql}`, params).map((row) => String(row[3])));
  };
  query({
    all: (sql, params) => {
      explain(sql, params);
      return reader.all(sql, params);
    },
    get: (sql, params) => {
      explain(sql, params);
      return reader.get(sql, params);
    },
    run: explain,
  });
  return plans;
}

describe('the plan of', () => {
  let fixture: WakeFixture;
  before(async () => {
    fixture = await WakeFixture.open();
  });
  after(() => fixture[Symbol.asyncDispose]());

  for (const [name, query] of Object.entries(queries)) {
    it(`${name} is a search of an index, and sorts nothing`, () => {
      const plans = plansOf(fixture.store, query);
      const outer = plans.filter((plan) =>
        /^(SEARCH|SCAN) (run|shown|issue|issue_blocker|issue_comment|blocker|child|part|above|wakeup|question|session|activity|skip_count|usage_quarter|named_schedule|heartbeat_run|heartbeat_part)\b/.test(
          plan,
        ),
      );

      assert.ok(outer.length > 0, plans.join('\n'));
      for (const plan of plans) assert.doesNotMatch(plan, /TEMP B-TREE/);
      for (const plan of outer) assert.match(plan, /^SEARCH .* USING (COVERING )?(INDEX|INTEGER PRIMARY KEY)/);
    });
  }

  it('no list walks by counting rows off', () => {
    const statements: string[] = [];
    const { store } = fixture;
    const listen = (sql: string): void => void statements.push(sql);
    for (const query of Object.values(queries)) {
      query({
        all: (sql, params) => (listen(sql), store.all(sql, params)),
        get: (sql, params) => (listen(sql), store.get(sql, params)),
        run: listen,
      });
    }
    assert.ok(statements.length > 20);
    assert.deepEqual(
      statements.filter((sql) => /\bOFFSET\b/i.test(sql)),
      [],
    );
  });
});
