import assert from 'node:assert/strict';
import { describeVerification } from '../src/auditText.ts';
import { untranslated } from '../src/format.ts';
import { activityProblems, type ActivityVerification } from '../src/runtime/activityModel.ts';

const whole: ActivityVerification = {
  rows: 12,
  keyed: 12,
  unkeyed: 0,
  unknownKey: 0,
  erasedTexts: 0,
  removed: 0,
  removedUntil: null,
  hasKey: true,
  head: 'present',
  fault: null,
};

const say = (part: Partial<ActivityVerification>): string[] =>
  describeVerification({ ...whole, ...part }, untranslated);

describe('What is told of a verification', () => {
  it('is one line when all is well', () => {
    assert.deepEqual(say({}), ['The audit log is whole: 12 entries fit.']);
    assert.deepEqual(say({ rows: 1, keyed: 1 }), ['The audit log is whole: 1 entry fits.']);
  });

  it('adds what was removed, erased, and could not be checked', () => {
    const at = Date.UTC(2026, 0, 2, 3, 4);
    const cases: [Partial<ActivityVerification>, RegExp][] = [
      [{ removed: 7, removedUntil: at }, /Retention has removed the entries up to number 7 \(2026-01-02 03:04 UTC\)/],
      [{ erasedTexts: 2 }, /erased: 2\. Their entries fit/],
      [{ unknownKey: 3 }, /not at hand: 3\. Of these only place and text were checked/],
      [{ hasKey: false }, /against accidents only/],
      [{ unkeyed: 4 }, /before a window had brought the key: 4\./],
      [{ head: 'missing' }, /not noted outside/],
      [{ head: 'unreadable' }, /cannot be read/],
    ];
    for (const [part, expected] of cases) {
      const lines = say(part);
      assert.equal(lines.length, 2, String(expected));
      assert.match(lines[1] ?? '', expected);
    }
    assert.equal(say({ hasKey: false, unkeyed: 12, keyed: 0 }).length, 2);
  });

  it('names the first entry that does not fit, first', () => {
    const at = Date.UTC(2026, 0, 2, 3, 4);
    for (const problem of activityProblems) {
      const [first, ...rest] = say({ fault: { problem, number: 42, at, action: 'run.settled' }, hasKey: false });
      assert.ok(problem === 'head_forged' || first?.includes('42'), first);
      assert.doesNotMatch(first ?? '', /whole|undefined|\{\d\}/);
      assert.equal(rest.length, 1);
    }
    assert.match(
      say({ fault: { problem: 'hash', number: 4, at, action: 'x.y' } })[0] ?? '',
      /Entry 4 \(x\.y, 2026-01-02 03:04 UTC\)/,
    );
    assert.match(
      say({ fault: { problem: 'missing', number: 4, at: null, action: null } })[0] ?? '',
      /^Entry 4 is missing/,
    );
    assert.match(say({ fault: { problem: 'hash', number: 4, at: 9e18, action: 'x' } })[0] ?? '', /\?/);
  });
});
