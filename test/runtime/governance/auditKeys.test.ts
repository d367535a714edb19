import assert from 'node:assert/strict';
import { AuditKeys } from '../../../src/runtime/governance/auditKeys.ts';
import { toAuditKey } from '../../../src/runtime/store/activityChain.ts';
import { listActivity } from '../../../src/runtime/store/activityTable.ts';
import { AuditFixture, keyOne, keyTwo } from '../../support/auditFixture.ts';

const [one, two] = [toAuditKey(keyOne), toAuditKey(keyTwo)];

/** The changes of the key that the log has, oldest first. */
function changesOf(fixture: AuditFixture): unknown[] {
  return listActivity(fixture.store, { limit: 50 })
    .filter(({ action }) => action === 'audit.keyChanged')
    .map(({ details }) => JSON.parse(details) as unknown)
    .reverse();
}

describe('Keys of the audit log', () => {
  it('keep the first, unless the one of the chain comes', () => {
    const keys = new AuditKeys();
    const current = (): string | undefined => keys.current?.id;
    assert.equal(current(), undefined);

    assert.deepEqual(
      [keys.offer(keyTwo, one.id), keys.offer(keyTwo, one.id), keys.offer('33'.repeat(32), one.id)],
      [true, false, false],
    );
    assert.equal(current(), two.id);
    assert.deepEqual([keys.offer(keyOne, one.id), keys.offer(keyTwo, one.id)], [true, false]);
    assert.equal(current(), one.id);
    assert.equal(keys.find(two.id)?.id, two.id);
  });

  it('are not taken in without end', () => {
    const keys = new AuditKeys();
    const hexes = Array.from({ length: 40 }, (_nothing, index) => index.toString(16).padStart(64, '0'));

    for (const hex of hexes) keys.offer(hex, null);

    assert.equal(hexes.filter((hex) => keys.find(toAuditKey(hex).id) !== undefined).length, 16);
  });

  it('are named by 16 digits that do not tell them', () => {
    assert.match(one.id, /^[0-9a-f]{16}$/);
    assert.notEqual(one.id, two.id);
    assert.ok(!keyOne.includes(one.id));
    assert.throws(() => toAuditKey('1234'));
  });

  it('leave an entry for every change, and none when the same comes again', async () => {
    await using fixture = await AuditFixture.open(keyOne);
    fixture.audit.offerKey(keyOne);
    await fixture.reopen(keyOne);
    fixture.audit.offerKey(keyTwo);
    assert.deepEqual(changesOf(fixture), [{ from: null, to: one.id }]);

    await fixture.reopen(keyTwo);
    fixture.record();
    fixture.audit.offerKey(keyOne);
    fixture.record();

    assert.deepEqual(changesOf(fixture).slice(1), [
      { from: one.id, to: two.id },
      { from: two.id, to: one.id },
    ]);
    assert.equal(listActivity(fixture.store, { limit: 1 })[0]?.keyId, one.id);
    assert.equal((await fixture.verify()).fault, null);
  });
});
