import assert from 'node:assert/strict';
import {
  genesisHash,
  hashActivity,
  hashAnchor,
  hashText,
  toAuditKey,
  type ActivityRow,
} from '../../../src/runtime/store/activityChain.ts';
import { keyOne, keyTwo } from '../../support/auditFixture.ts';

const row: Omit<ActivityRow, 'hash'> = {
  number: 7,
  at: 1_767_225_600_000,
  actor: 'user:window',
  action: 'agent.paused',
  target: 'agent:a',
  agent: 'a',
  runId: 'r',
  result: 'done',
  costMicros: 5,
  details: '{"n":1}',
  textHash: 'ab',
  keyId: null,
};

const anchor = { lastNumber: 7, lastHash: 'ab', firstAt: 1, lastAt: 2, prunedAt: 3, keyId: null };

describe('Hashes of the audit log', () => {
  it('stay what they are: a log of years has to verify', () => {
    const key = toAuditKey(keyOne);
    assert.deepEqual(
      [
        key.id,
        hashActivity(row, genesisHash, null),
        hashActivity({ ...row, keyId: key.id }, genesisHash, key),
        hashAnchor(anchor, null),
        hashText('é', '00ff'),
      ],
      [
        'd89fa5aae029f714',
        '6cbb341c4f8401fa83d4f3de3928f0e791da17243bfa6bb01b39039ff53c8bf1',
        'a668d45a9908233a6d98b03da258e9eb9949354dfe40540bbbea250ef221d56c',
        'df2922f154699d656ce5cdc1c685d12aca813386159aa806a8380c54b3ec11a8',
        '115e9ccba4878a8c55e22fa04d9d783319a5d260d67d7ca0905424401df48fa5',
      ],
    );
  });

  it('tell every field, and what stands in which', () => {
    const others = Object.entries(row).flatMap(([name, value]) => {
      const changed = typeof value === 'number' ? value + 1 : `${value ?? ''}x`;
      return [changed, null].filter((next) => next !== value).map((next) => ({ ...row, [name]: next }));
    });
    const moved = { ...row, actor: 'user:windowa', action: 'gent.paused' };
    const rows = [row, moved, ...others];

    const hashes = rows.map((one) => hashActivity(one, genesisHash, null));

    assert.equal(new Set(hashes).size, rows.length);
    assert.ok(!hashes.includes(hashActivity(row, 'f'.repeat(64), null)));
  });

  it('tell every field of an anchor', () => {
    const anchors = [
      anchor,
      ...Object.keys(anchor).map((name) => ({ ...anchor, [name]: name === 'lastHash' || name === 'keyId' ? 'x' : 99 })),
    ];
    assert.equal(new Set(anchors.map((one) => hashAnchor(one, null))).size, anchors.length);
  });

  it('depend on the key, which nothing else can stand in for', () => {
    const keys = [null, toAuditKey(keyOne), toAuditKey(keyTwo)];
    assert.equal(new Set(keys.map((key) => hashActivity(row, genesisHash, key))).size, 3);
    assert.equal(new Set(keys.map((key) => hashAnchor(anchor, key))).size, 3);
  });

  it('of a text depend on its salt', () => {
    assert.notEqual(hashText('yes', '00'), hashText('yes', '01'));
    assert.notEqual(hashText('yes', '00'), hashText('no', '00'));
  });
});
