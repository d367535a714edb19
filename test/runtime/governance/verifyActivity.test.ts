import assert from 'node:assert/strict';
import type { SqlValue } from '../../../src/runtime/store/database.ts';
import { verifyActivity } from '../../../src/runtime/governance/verifyActivity.ts';
import { hashActivity, hashAnchor } from '../../../src/runtime/store/activityChain.ts';
import {
  appendActivity,
  eraseActivityTexts,
  findActivity,
  findActivityEnd,
} from '../../../src/runtime/store/activityTable.ts';
import { AuditFixture, keyOne, keyTwo } from '../../support/auditFixture.ts';

/** A value for each column other than the one that stands there. */
const changes: Readonly<Record<string, SqlValue>> = {
  at: 1,
  actor: 'user:cli',
  action: 'agent.resumed',
  target: 'agent:b',
  agent: 'b',
  run_id: 'other',
  result: 'refused',
  cost_micros: 7,
  details: '{"n":2}',
  text_hash: '0'.repeat(64),
  key_id: '0123456789abcdef',
  hash: 'f'.repeat(64),
};
const nullable = ['agent', 'run_id', 'cost_micros', 'text_hash', 'key_id'];

/** Ten entries with everything in them, the last one number `10`. */
async function openFilled(key?: string): Promise<AuditFixture> {
  const fixture = await AuditFixture.open(key);
  const count = key === undefined ? 10 : 9;
  fixture.recordMany(count, { runId: 'r', costMicros: 5, details: { n: 1 }, text: 'said' });
  return fixture;
}

/** Appends what somebody without the key can make. */
function forge(fixture: AuditFixture, action: string): void {
  const rest = { agent: 'a', runId: null, result: 'done', costMicros: null, details: '{}', text: null };
  fixture.store.transact((writer) => {
    appendActivity(writer, { at: 1, actor: 'user:window', action, target: 'agent:a', ...rest }, null);
  });
}

for (const key of [undefined, keyOne]) {
  describe(`A log ${key === undefined ? 'without' : 'with'} a key`, () => {
    it('fits as it was written', async () => {
      await using fixture = await openFilled(key);

      const { rows, keyed, unkeyed, unknownKey, fault } = await fixture.verify();

      assert.deepEqual([rows, keyed + unkeyed, unknownKey, fault], [10, 10, 0, null]);
      assert.equal(keyed, key === undefined ? 0 : 10);
    });

    for (const [column, value] of Object.entries(changes)) {
      it(`shows a changed ${column} at its entry`, async () => {
        await using fixture = await openFilled(key);

        fixture.tamper(`UPDATE activity SET ${column} = ? WHERE number = 6`, [value]);

        const problem = column === 'key_id' ? 'wrong_key' : 'hash';
        assert.deepEqual(await fixture.fault(), { problem, number: 6 });
      });
    }

    for (const column of nullable.filter((name) => name !== 'key_id' || key !== undefined)) {
      it(`shows an emptied ${column} at its entry`, async () => {
        await using fixture = await openFilled(key);

        fixture.tamper(`UPDATE activity SET ${column} = NULL WHERE number = 6`);

        assert.deepEqual(await fixture.fault(), { problem: 'hash', number: 6 });
      });
    }

    it('shows what is missing: at the beginning, in the middle, and where a number was changed', async () => {
      for (const number of [1, 6]) {
        await using fixture = await openFilled(key);
        fixture.tamper('DELETE FROM activity WHERE number = ?', [number]);
        assert.deepEqual(await fixture.fault(), { problem: 'missing', number });
      }
      await using renumbered = await openFilled(key);
      renumbered.tamper('UPDATE activity SET number = 99 WHERE number = 6');
      assert.deepEqual(await renumbered.fault(), { problem: 'missing', number: 6 });
    });

    it('shows entries that changed places, were put in at the front, or stand for others', async () => {
      await using swapped = await openFilled(key);
      for (const [from, to] of [
        [4, 99],
        [5, 4],
        [99, 5],
      ] as const) {
        swapped.tamper('UPDATE activity SET number = ? WHERE number = ?', [to, from]);
      }
      assert.deepEqual(await swapped.fault(), { problem: 'hash', number: 4 });

      await using front = await openFilled(key);
      front.tamper(
        'INSERT INTO activity SELECT 0, at, actor, action, target, agent, run_id, result, cost_micros, details, text_hash, key_id, hash FROM activity WHERE number = 1',
      );
      assert.deepEqual(await front.fault(), { problem: 'inserted', number: 0 });

      await using shifted = await openFilled(key);
      shifted.tamper('DELETE FROM activity WHERE number = 5');
      for (let number = 6; number <= 10; number += 1) {
        shifted.tamper('UPDATE activity SET number = ? WHERE number = ?', [number - 1, number]);
      }
      assert.equal((await shifted.fault())?.number, 5);
    });

    it('tells an erased text from a changed one and from one that was never there', async () => {
      await using fixture = await openFilled(key);
      fixture.record({ target: 'issue:i', text: 'private' });
      fixture.record();
      fixture.store.transact((writer) => eraseActivityTexts(writer, { issueId: 'i' }));
      const { fault, erasedTexts } = await fixture.verify();
      assert.deepEqual([fault, erasedTexts], [null, 1]);

      fixture.tamper("INSERT INTO activity_text (number, salt, text) VALUES (12, '', 'put in')");
      assert.deepEqual(await fixture.fault(), { problem: 'text', number: 12 });
      fixture.tamper("UPDATE activity_text SET salt = '00' WHERE number = 9");
      assert.deepEqual(await fixture.fault(), { problem: 'text', number: 9 });
      fixture.tamper("UPDATE activity_text SET text = 'Said' WHERE number = 7");
      assert.deepEqual(await fixture.fault(), { problem: 'text', number: 7 });
    });

    it('shows a changed anchor, one that was put in, and one whose entries came back', async () => {
      await using fixture = await openFilled(key);
      fixture.recordMany(4);
      fixture.store.transact((writer) => fixture.audit.prune(writer, 6));
      assert.equal((await fixture.verify()).fault, null);
      const anchor = fixture.store.get('SELECT * FROM activity_anchor') ?? [];
      for (const column of ['last_number', 'first_at', 'last_at', 'pruned_at']) {
        fixture.tamper(`UPDATE activity_anchor SET ${column} = ${column} - 1`);
        assert.equal((await fixture.fault())?.problem, 'anchor', column);
        fixture.tamper(`UPDATE activity_anchor SET ${column} = ${column} + 1`);
      }
      fixture.tamper("UPDATE activity_anchor SET last_hash = 'x'");
      assert.equal((await fixture.fault())?.problem, 'anchor');
      fixture.tamper('UPDATE activity_anchor SET last_hash = ?', [anchor[2] ?? null]);
      assert.equal((await fixture.verify()).fault, null);
      fixture.tamper('UPDATE activity SET number = 2 WHERE number = 6');
      assert.deepEqual(await fixture.fault(), { problem: 'inserted', number: 2 });
    });

    it('fits after it was replayed from the disk, and after an entry of the next life', async () => {
      await using fixture = await openFilled(key);

      await fixture.reopen(key);
      fixture.record();

      const { fault, rows } = await fixture.verify();
      assert.deepEqual([fault, rows], [null, 12]);
    });
  });
}

describe('Keys of the log', () => {
  it('are told apart: entries of a key that is not here keep their place and their text', async () => {
    await using fixture = await openFilled(keyOne);
    await fixture.reopen(keyTwo);
    fixture.record();

    const figures = await fixture.verify();
    assert.deepEqual([figures.unknownKey, figures.keyed, figures.unkeyed, figures.fault], [10, 2, 1, null]);

    // A changed field is not seen without the key, a moved hash and a changed text are.
    fixture.tamper("UPDATE activity SET result = 'x' WHERE number = 5");
    assert.equal(await fixture.fault(), null);
    fixture.tamper("UPDATE activity_text SET text = 'x' WHERE number = 7");
    assert.deepEqual(await fixture.fault(), { problem: 'text', number: 7 });
    fixture.tamper("UPDATE activity SET hash = 'x' WHERE number = 10");
    fixture.tamper("UPDATE activity_text SET text = 'said' WHERE number = 7");
    assert.deepEqual(await fixture.fault(), { problem: 'hash', number: 11 });
    fixture.audit.offerKey(keyOne);
    assert.deepEqual(await fixture.fault(), { problem: 'hash', number: 5 });
  });

  it('cannot be done without by who rewrites an entry with all that follow', async () => {
    await using fixture = await openFilled(keyOne);
    const rows = fixture.store.all('SELECT number FROM activity WHERE number >= 5');
    for (const [number] of rows) {
      fixture.tamper('DELETE FROM activity WHERE number = ?', [number ?? 0]);
      fixture.tamper('DELETE FROM activity_text WHERE number = ?', [number ?? 0]);
    }
    for (const _row of rows) forge(fixture, 'agent.paused');

    assert.deepEqual(await fixture.fault(), { problem: 'wrong_key', number: 5 });
  });

  it('cannot be stood in for by a plain hash', async () => {
    await using fixture = await openFilled(keyOne);
    const [before, last] = [findActivity(fixture.store, 9), findActivity(fixture.store, 10)];
    assert.ok(before && last);
    const forged = hashActivity({ ...last, result: 'x' }, before.hash, null);

    fixture.tamper("UPDATE activity SET result = 'x', hash = ? WHERE number = 10", [forged]);

    assert.deepEqual(await fixture.fault(), { problem: 'hash', number: 10 });
  });

  it('cannot be evaded by naming one that nobody has', async () => {
    await using fixture = await openFilled(keyOne);
    fixture.tamper("UPDATE activity SET result = 'x', key_id = '0123456789abcdef' WHERE number = 6");
    assert.deepEqual(await fixture.fault(), { problem: 'wrong_key', number: 6 });

    fixture.tamper("UPDATE activity SET action = 'audit.keyChanged' WHERE number = 6");
    assert.deepEqual(await fixture.fault(), { problem: 'wrong_key', number: 7 });
  });

  it('vouch for what a new life wrote before its window came', async () => {
    await using fixture = await openFilled(keyOne);
    await fixture.reopen();
    fixture.record({ action: 'run.settled' });
    fixture.audit.offerKey(keyOne);
    fixture.record();
    const { fault, unkeyed, keyed } = await fixture.verify();
    assert.deepEqual([fault, unkeyed, keyed], [null, 2, 11]);

    fixture.tamper("UPDATE activity SET result = 'forged' WHERE number = 12");
    assert.deepEqual(await fixture.fault(), { problem: 'hash', number: 12 });
  });

  it('do not let an anchor without one stand for entries that had one', async () => {
    await using fixture = await openFilled(keyOne);
    const [last] = fixture.store.all('SELECT number, hash FROM activity WHERE number = 4');
    const [number, hash] = last ?? [];
    const anchor = {
      lastNumber: Number(number),
      lastHash: String(hash),
      firstAt: 1,
      lastAt: 2,
      prunedAt: 3,
      keyId: null,
    };
    fixture.tamper('INSERT INTO activity_anchor VALUES (1, ?, ?, 1, 2, 3, NULL, ?)', [
      anchor.lastNumber,
      anchor.lastHash,
      hashAnchor(anchor, null),
    ]);
    fixture.tamper('DELETE FROM activity WHERE number <= 4');

    assert.deepEqual(await fixture.fault(), { problem: 'anchor', number: 4 });
  });
});

describe('A long log', () => {
  it('is looked at as it was at the call, and its end may not vanish meanwhile', async () => {
    await using fixture = await AuditFixture.open();
    fixture.recordMany(600);
    const look = (pause: () => Promise<void>) =>
      verifyActivity({ reader: fixture.store, keyOf: fixture.keys.find, findHeadProblem: () => null, pause });

    const { rows } = await look(async () => {
      fixture.record();
    });
    const { fault } = await look(async () => {
      fixture.tamper('DELETE FROM activity WHERE number > 500');
    });

    assert.equal(rows, 600);
    assert.deepEqual([fault?.problem, fault?.number], ['missing', 501]);
  });

  it('is walked through in slices while it grows and is pruned', async () => {
    await using fixture = await AuditFixture.open(keyOne);
    fixture.store.transact((writer) => {
      for (let index = 0; index < 4999; index += 1) {
        fixture.audit.record(writer, {
          actor: 'runtime',
          action: 'run.settled',
          target: 'run:r',
          runId: String(index),
        });
      }
    });
    let pauses = 0;
    const work = async (): Promise<void> => {
      pauses += 1;
      fixture.record();
      while (fixture.store.transact((writer) => fixture.audit.prune(writer, pauses * 700)) > 0);
    };
    const figures = await verifyActivity({
      reader: fixture.store,
      keyOf: fixture.keys.find,
      findHeadProblem: () => null,
      pause: work,
    });

    assert.equal(figures.fault, null);
    assert.ok(pauses >= 6, String(pauses));
    assert.ok(figures.rows > 3000 && figures.rows < 5000, String(figures.rows));
    fixture.recordMany(3);
    const number = findActivityEnd(fixture.store).number - 1;
    fixture.tamper("UPDATE activity SET actor = 'user:cli' WHERE number = ?", [number]);
    assert.deepEqual(await fixture.fault(), { problem: 'hash', number });
  });
});
