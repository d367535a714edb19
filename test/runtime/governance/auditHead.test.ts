import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { AuditHead, type HeadRecord } from '../../../src/runtime/governance/auditHead.ts';
import { seal } from '../../../src/runtime/store/activityChain.ts';
import { findActivity } from '../../../src/runtime/store/activityTable.ts';
import { AuditFixture, keyOne, keyTwo } from '../../support/auditFixture.ts';

function readHead(fixture: AuditFixture): HeadRecord {
  return JSON.parse(readFileSync(fixture.headPath, 'utf8')) as HeadRecord;
}

function writeHead(fixture: AuditFixture, part: Partial<HeadRecord>): void {
  writeFileSync(fixture.headPath, JSON.stringify({ ...readHead(fixture), ...part }));
}

/** Takes the newest entries away, as somebody with the files could while no runtime lives. */
function cut(fixture: AuditFixture, from: number): void {
  fixture.tamper('DELETE FROM activity WHERE number >= ?', [from]);
  fixture.tamper('DELETE FROM activity_text WHERE number >= ?', [from]);
}

describe('The head of the audit log', () => {
  it('is written soon after an entry, then once a minute while there are more', async () => {
    await using fixture = await AuditFixture.open();
    fixture.record();
    assert.equal(fixture.clock.pendingTimers, 1);
    fixture.recordMany(2);
    await fixture.head.export();
    assert.equal(readHead(fixture).number, 3);
    assert.equal(fixture.clock.pendingTimers, 0);

    fixture.record();
    assert.deepEqual(fixture.clock.pendingDelays, [59_000]);
  });

  it('is a private file, beside which nothing is left', async () => {
    await using fixture = await AuditFixture.open(keyOne);
    fixture.record();

    await fixture.head.export();

    assert.equal(statSync(fixture.headPath).mode & 0o777, 0o600);
    assert.equal(statSync(dirname(fixture.headPath)).mode & 0o777, 0o700);
    assert.equal(readdirSync(dirname(fixture.headPath)).length, 1);
    assert.ok(!readFileSync(fixture.headPath, 'utf8').includes(keyOne));
  });

  it('agrees with a log that went on, was pruned, or was opened again', async () => {
    await using fixture = await AuditFixture.open(keyOne);
    fixture.recordMany(8);
    await fixture.head.export();
    fixture.recordMany(3);
    assert.equal(await fixture.fault(), null);

    for (const below of [5, 10, 12]) {
      fixture.store.transact((writer) => fixture.audit.prune(writer, below));
      assert.equal(await fixture.fault(), null, String(below));
    }
    await fixture.reopen(keyOne);
    assert.equal(await fixture.fault(), null);
  });

  for (const key of [undefined, keyOne]) {
    it(`shows a cut end, ${key === undefined ? 'without' : 'with'} a key`, async () => {
      await using fixture = await AuditFixture.open(key);
      fixture.recordMany(10);
      await fixture.head.export();

      cut(fixture, 8);

      assert.deepEqual(await fixture.fault(), { problem: 'cut', number: 8 });
    });

    it(`still shows it when the log has gone on and the head was written anew, ${key === undefined ? 'without' : 'with'} a key`, async () => {
      await using fixture = await AuditFixture.open(key);
      fixture.recordMany(10);
      await fixture.head.export();
      const { number } = readHead(fixture);
      cut(fixture, 8);
      await fixture.reopen(key);

      await fixture.head.export();
      assert.deepEqual(await fixture.fault(), { problem: 'cut', number: 9 });
      fixture.recordMany(10);
      await fixture.head.export();

      assert.equal(readHead(fixture).number, 18);
      assert.deepEqual(await fixture.fault(), { problem: 'replaced', number });
      await fixture.head.export();
      assert.deepEqual(await fixture.fault(), { problem: 'replaced', number });
    });
  }

  it('forgets a lost end once retention has passed it', async () => {
    await using fixture = await AuditFixture.open();
    fixture.recordMany(10);
    await fixture.head.export();
    cut(fixture, 8);
    fixture.recordMany(10);
    await fixture.head.export();
    assert.notEqual(await fixture.fault(), null);

    fixture.store.transact((writer) => fixture.audit.prune(writer, 14));

    assert.equal(await fixture.fault(), null);
    await fixture.head.export();
    assert.equal(readHead(fixture).lost, null);
  });

  it('begins anew after an entry that says why: restored, continued, adopted', async () => {
    for (const action of ['state.restored', 'state.continued', 'state.adopted'] as const) {
      await using fixture = await AuditFixture.open();
      fixture.recordMany(10);
      await fixture.head.export();
      cut(fixture, 5);
      await fixture.reopen();
      fixture.record({ action, target: 'state' });

      await fixture.head.export();

      assert.deepEqual([readHead(fixture).number, readHead(fixture).lost], [6, null]);
      assert.equal(await fixture.fault(), null);
      // Only that once.
      fixture.recordMany(3);
      await fixture.head.export();
      cut(fixture, 8);
      fixture.recordMany(2);
      await fixture.head.export();
      assert.deepEqual(await fixture.fault(), { problem: 'replaced', number: 9 });
    }
  });

  it('does not begin anew for a restore that was rolled back', async () => {
    await using fixture = await AuditFixture.open();
    fixture.recordMany(10);
    await fixture.head.export();
    cut(fixture, 5);
    assert.throws(() =>
      fixture.store.transact((writer) => {
        fixture.audit.record(writer, { actor: 'runtime', action: 'state.restored', target: 'state' });
        throw new Error('no');
      }),
    );

    await fixture.head.export();

    assert.deepEqual(await fixture.fault(), { problem: 'cut', number: 5 });
  });

  it('is not believed when somebody without the key wrote it', async () => {
    await using fixture = await AuditFixture.open(keyOne);
    fixture.recordMany(10);
    await fixture.head.export();
    const hash = findActivity(fixture.store, 5)?.hash ?? '';

    writeHead(fixture, { number: 5, hash });
    assert.equal((await fixture.fault())?.problem, 'head_forged');
    const mark = seal(['head', 'f', 5, hash, 1, null, null, null, null], null);
    writeHead(fixture, { number: 5, hash, at: 1, keyId: null, seal: mark });
    assert.equal((await fixture.fault())?.problem, 'head_forged');
  });

  it('cannot be checked in full without its key, and still shows a cut', async () => {
    await using fixture = await AuditFixture.open(keyOne);
    fixture.recordMany(10);
    await fixture.head.export();
    await fixture.reopen(keyTwo);
    assert.equal(await fixture.fault(), null);

    cut(fixture, 8);

    assert.deepEqual(await fixture.fault(), { problem: 'cut', number: 8 });
  });

  it('says nothing when it is missing or cannot be read, and is written anew', async () => {
    await using fixture = await AuditFixture.open();
    fixture.recordMany(3);
    assert.deepEqual([fixture.head.read(), await fixture.fault()], ['missing', null]);
    mkdirSync(dirname(fixture.headPath), { recursive: true });
    for (const text of [
      '',
      '{',
      'null',
      '[]',
      '{"number":1}',
      '{"number":1,"hash":"x","at":1,"lost":{},"keyId":null,"seal":""}',
    ]) {
      writeFileSync(fixture.headPath, text);
      assert.deepEqual([fixture.head.read(), await fixture.fault()], ['unreadable', null], text);
    }

    await fixture.head.export();

    assert.equal(readHead(fixture).number, 3);
  });

  it('is written when what it tells is durable, not before', async () => {
    await using fixture = await AuditFixture.open();
    fixture.record();
    const { store, keys, clock, logger } = fixture;
    const unwritable = {
      all: store.all.bind(store),
      get: store.get.bind(store),
      durable: () => Promise.reject(new Error('disk full')),
    };
    const stateDirectory = join(fixture.path, 'registry');
    const common = { keys, clock, logger, stateDirectory, folderId: 'f', isFenced: () => false };

    await new AuditHead({ ...common, store: unwritable }).export();

    assert.equal(existsSync(fixture.headPath), false);
    assert.match(logger.lines.join(), /not exported disk full/);
  });

  it('is left to the successor once the store belongs to another runtime', async () => {
    await using fixture = await AuditFixture.open();
    fixture.record();
    fixture.isFenced = true;

    await fixture.head.export();

    assert.equal(existsSync(fixture.headPath), false);
  });

  it('that cannot be written is said in the diary and harms nobody', async () => {
    await using fixture = await AuditFixture.open();
    fixture.record();
    mkdirSync(fixture.headPath, { recursive: true });

    await fixture.head.export();

    assert.match(fixture.logger.lines.join('\n'), /warn The head of the audit log was not exported/);
    assert.deepEqual(readdirSync(dirname(fixture.headPath)), ['f.json']);
    fixture.record();
  });
});
