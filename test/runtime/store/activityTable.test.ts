import assert from 'node:assert/strict';
import {
  appendActivity,
  eraseActivityTexts,
  findActivityAnchor,
  findActivityEnd,
  findActivityText,
  listActivity,
  listActivityAfter,
  oldestActivityToKeep,
} from '../../../src/runtime/store/activityTable.ts';
import type { Row } from '../../../src/runtime/store/database.ts';
import type { Reader } from '../../../src/runtime/store/store.ts';
import { AuditFixture, keyOne, keyTwo } from '../../support/auditFixture.ts';

/** Prunes until nothing more may go; answers how many each step removed. */
function pruneAll(fixture: AuditFixture, beforeNumber: number): number[] {
  const steps: number[] = [];
  for (;;) {
    const removed = fixture.store.transact((writer) => fixture.audit.prune(writer, beforeNumber));
    if (removed === 0) return steps;
    steps.push(removed);
  }
}

describe('Activity table', () => {
  it('counts from 1 without a gap, also past a transaction that failed', async () => {
    await using fixture = await AuditFixture.open();
    fixture.recordMany(3);
    assert.throws(() =>
      fixture.store.transact((writer) => {
        fixture.audit.record(writer, { actor: 'runtime', action: 'runtime.started', target: 'runtime' });
        throw new Error('no');
      }),
    );
    fixture.record();

    const rows = listActivityAfter(fixture.store, 0, 10);
    assert.deepEqual(
      rows.map(({ number }) => number),
      [1, 2, 3, 4],
    );
    assert.equal((await fixture.verify()).fault, null);
  });

  it('appends several entries of one transaction in order', async () => {
    await using fixture = await AuditFixture.open(keyOne);
    fixture.store.transact((writer) => {
      for (const target of ['agent:x', 'agent:y'] as const) {
        fixture.audit.record(writer, { actor: 'runtime', action: 'agent.paused', target });
      }
    });

    assert.deepEqual(
      listActivity(fixture.store, { limit: 2 }).map(({ target }) => target),
      ['agent:y', 'agent:x'],
    );
    assert.equal((await fixture.verify()).fault, null);
  });

  it('pages newest first, by agent and by run', async () => {
    await using fixture = await AuditFixture.open();
    for (let index = 0; index < 12; index += 1) {
      fixture.record({ agent: index % 2 === 0 ? 'a' : 'b', runId: index % 3 === 0 ? 'r' : null });
    }
    const numbers = (page: { before?: number; agent?: string; runId?: string }): number[] =>
      listActivity(fixture.store, { ...page, limit: 3 }).map(({ number }) => number);

    assert.deepEqual(numbers({}), [12, 11, 10]);
    assert.deepEqual(numbers({ before: 10 }), [9, 8, 7]);
    assert.deepEqual(numbers({ agent: 'b', before: 8 }), [6, 4, 2]);
    assert.deepEqual(numbers({ runId: 'r' }), [10, 7, 4]);
    assert.deepEqual(numbers({ runId: 'r', agent: 'a' }), [7, 1]);
  });

  it('reads every page from an index, without sorting', async () => {
    await using fixture = await AuditFixture.open();
    const asked: [string, Row][] = [];
    const reader: Reader = {
      all: (sql, params = []) => {
        asked.push([sql, params]);
        return fixture.store.all(sql, params);
      },
      get: (sql, params) => fixture.store.get(sql, params),
    };
    for (const page of [{}, { agent: 'a' }, { runId: 'r' }, { agent: 'a', runId: 'r' }])
      listActivity(reader, { ...page, limit: 50 });
    listActivityAfter(reader, 0, 500);

    const plans = asked.map(([sql, params]) =>
      fixture.store
        .all(`EXPLAIN QUERY PLAN ${sql}`, params)
        .map((row) => String(row[3]))
        .join('; '),
    );
    assert.equal(plans.length, 5);
    for (const plan of plans)
      assert.match(plan, /^SEARCH activity USING (INTEGER PRIMARY KEY|INDEX \w+ \([^)]*rowid<\?\))[^;]*$/);
  });

  it('keeps what was written equal live, replayed and read back, whatever the text', async () => {
    await using fixture = await AuditFixture.open(keyOne);
    const odd = ['\ud800 cut', 'nul\0here', '', 'é\u0301', '😀', '"\\\n\r\t', 'a'.repeat(5000)];
    for (const text of odd) {
      fixture.record({ text, details: { text, list: [text] }, result: text, runId: text, agent: text });
    }
    const live = listActivityAfter(fixture.store, 0, 100);
    assert.equal((await fixture.verify()).fault, null);

    await fixture.reopen(keyOne);

    assert.deepEqual(listActivityAfter(fixture.store, 0, live.length), live);
    assert.equal((await fixture.verify()).fault, null);
    assert.equal(listActivity(fixture.store, { runId: 'nul\0here', limit: 1 })[0]?.text, 'nul\ufffdhere');
  });

  it('refuses what SQLite would read back differently from how it was hashed', async () => {
    await using fixture = await AuditFixture.open();
    const activity = { actor: 'runtime', action: 'x', target: 'y', agent: null, runId: null, result: 'done' };
    const rest = { costMicros: 1.5, details: '{}', text: null, at: 1 };

    assert.throws(() => fixture.store.transact((writer) => appendActivity(writer, { ...activity, ...rest }, null)));
    assert.equal(findActivityEnd(fixture.store).number, 0);
  });
});

describe('Texts beside the activity', () => {
  it('are erased by run, issue and agent, and nothing else is', async () => {
    await using fixture = await AuditFixture.open();
    fixture.record({ runId: 'r', agent: 'a', target: 'run:r', text: 'one' });
    fixture.record({ agent: 'b', target: 'issue:i', text: 'two' });
    fixture.record({ agent: 'c', text: 'three' });
    fixture.record({ agent: 'd', text: 'four' });
    const erase = (about: Parameters<typeof eraseActivityTexts>[1]): number =>
      fixture.store.transact((writer) => eraseActivityTexts(writer, about));

    assert.deepEqual([erase({ runId: 'r' }), erase({ issueId: 'i' }), erase({ agent: 'c' })], [1, 1, 1]);
    assert.equal(erase({ agent: 'nobody' }), 0);

    assert.deepEqual(
      listActivity(fixture.store, { limit: 9 }).map(({ text }) => text),
      ['four', null, null, null],
    );
    assert.equal(fixture.store.all('SELECT * FROM activity_text').length, 1);
    const { fault, erasedTexts } = await fixture.verify();
    assert.deepEqual([fault, erasedTexts], [null, 3]);
  });

  it('have a salt each, so that equal texts have different hashes', async () => {
    await using fixture = await AuditFixture.open();
    fixture.recordMany(2, { text: 'yes' });

    const [one, two] = listActivityAfter(fixture.store, 0, 2);
    assert.notEqual(one?.textHash, two?.textHash);
    assert.equal(findActivityText(fixture.store, 1)?.salt.length, 32);
  });
});

describe('Pruning of the activity', () => {
  it('leaves one anchor, in small steps, and the numbers go on', async () => {
    await using fixture = await AuditFixture.open(keyOne);
    fixture.recordMany(599, { text: 'x' });
    const before = listActivityAfter(fixture.store, 0, 1000);

    assert.deepEqual(pruneAll(fixture, 551), [250, 250, 50]);

    const anchor = findActivityAnchor(fixture.store);
    assert.deepEqual(
      [anchor?.lastNumber, anchor?.lastHash, anchor?.firstAt, anchor?.lastAt],
      [550, before[549]?.hash, before[0]?.at, before[549]?.at],
    );
    assert.equal(fixture.store.all('SELECT * FROM activity_anchor').length, 1);
    assert.equal(fixture.store.all('SELECT * FROM activity').length, 50);
    assert.equal(fixture.store.all('SELECT * FROM activity_text').length, 50);
    fixture.record();
    assert.equal(findActivityEnd(fixture.store).number, 601);
    const { fault, rows, removed } = await fixture.verify();
    assert.deepEqual([fault, rows, removed], [null, 51, 550]);
    await fixture.reopen(keyOne);
    assert.equal((await fixture.verify()).fault, null);
  });

  it('never takes the newest entry', async () => {
    await using fixture = await AuditFixture.open();
    fixture.recordMany(5);

    pruneAll(fixture, 100);

    fixture.record();
    assert.deepEqual(
      listActivityAfter(fixture.store, 0, 9).map(({ number }) => number),
      [5, 6],
    );
    assert.equal((await fixture.verify()).fault, null);
  });

  it('leaves what was written with a key to a runtime that has one', async () => {
    await using fixture = await AuditFixture.open(keyOne);
    fixture.recordMany(5);
    await fixture.reopen();

    assert.deepEqual(pruneAll(fixture, 4), []);
    fixture.audit.offerKey(keyTwo);
    assert.deepEqual(pruneAll(fixture, 4), [3]);

    assert.equal((await fixture.verify()).fault, null);
  });

  it('does not hide a forged anchor or a missing entry', async () => {
    await using forged = await AuditFixture.open(keyOne);
    forged.recordMany(20);
    pruneAll(forged, 5);
    forged.tamper('UPDATE activity_anchor SET first_at = 1');
    assert.deepEqual(pruneAll(forged, 10), []);

    await using missing = await AuditFixture.open();
    missing.recordMany(20);
    missing.tamper('DELETE FROM activity WHERE number = 3');
    assert.deepEqual(pruneAll(missing, 10), []);
    assert.deepEqual(await missing.fault(), { problem: 'missing', number: 3 });
  });

  it('is told the oldest entry to keep by age and by count', async () => {
    await using fixture = await AuditFixture.open();
    fixture.recordMany(10);
    const rows = listActivityAfter(fixture.store, 0, 10);
    const at = (number: number): number => rows[number - 1]?.at ?? 0;
    const cases: [number | null, number | null, number][] = [
      [null, null, 1],
      [at(4), null, 4],
      [at(4) + 1, null, 5],
      [at(10) + 1, null, 10],
      [null, 3, 8],
      [null, 0, 10],
      [null, 100, 1],
      [at(4), 3, 8],
      [at(9), 3, 9],
    ];

    for (const [olderThan, keepCount, expected] of cases) {
      const kept = oldestActivityToKeep(fixture.store, { olderThan, keepCount });
      assert.equal(kept, expected, `${String(olderThan)} ${String(keepCount)}`);
    }
    pruneAll(fixture, 6);
    assert.equal(oldestActivityToKeep(fixture.store, { olderThan: null, keepCount: null }), 6);
  });
});
