import assert from 'node:assert/strict';
import { compareBuilds, parseBuild } from '../../src/endpoint/build.ts';

describe('compareBuilds', () => {
  const ascending: readonly [string, number][] = [
    ['0.9.10', 9],
    ['1.0.0-alpha', 9],
    ['1.0.0-alpha.1', 9],
    ['1.0.0-alpha.beta', 9],
    ['1.0.0-rc.2', 9],
    ['1.0.0-rc.10', 9],
    ['1.0.0', 1],
    ['1.0.0+meta', 2],
    ['1.0.1', 1],
    ['1.2.0', 1],
    ['1.10.0', 1],
    ['10.0.0', 0],
  ];
  for (const [index, [version, stamp]] of ascending.entries()) {
    it(`puts ${version} (${String(stamp)}) where semantic versioning puts it`, () => {
      for (const [other, [otherVersion, otherStamp]] of ascending.entries()) {
        const order = compareBuilds({ version, stamp }, { version: otherVersion, stamp: otherStamp });
        assert.equal(Math.sign(order), Math.sign(index - other), `${version} against ${otherVersion}`);
      }
    });
  }
});

describe('parseBuild', () => {
  it('takes only a version with a stamp', () => {
    assert.deepEqual(parseBuild({ version: '1.0.0', stamp: 5, more: true }), { version: '1.0.0', stamp: 5 });
    for (const value of [
      null,
      'x',
      {},
      { version: 1, stamp: 2 },
      { version: '1.0.0', stamp: null },
      { version: '1', stamp: NaN },
    ]) {
      assert.equal(parseBuild(value), null);
    }
  });
});
