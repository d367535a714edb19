import assert from 'node:assert/strict';
import { isQuiet, parseQuietHours } from '../../src/runtime/quietHours.ts';

describe('Quiet hours', () => {
  it('are two different times of day', () => {
    assert.deepEqual(parseQuietHours('22:00-07:00'), { from: 1320, to: 420 });
    assert.deepEqual(parseQuietHours(' 9:05 - 17:30 '), { from: 545, to: 1050 });
    for (const text of ['', '22:00', '22-7', '22:00-22:00', '24:00-07:00', '22:60-07:00', '22:00-07:00 x']) {
      assert.equal(parseQuietHours(text), null, text);
    }
  });

  const rows: [what: string, hours: string, timezone: string, at: string, expected: boolean][] = [
    ['begin at their first minute', '22:00-07:00', 'UTC', '2026-06-01T22:00:00Z', true],
    ['have not begun a moment before', '22:00-07:00', 'UTC', '2026-06-01T21:59:59.999Z', false],
    ['go on over midnight', '22:00-07:00', 'UTC', '2026-06-02T00:00:00Z', true],
    ['last until before their end', '22:00-07:00', 'UTC', '2026-06-02T06:59:59.999Z', true],
    ['are over at their end', '22:00-07:00', 'UTC', '2026-06-02T07:00:00Z', false],
    ['may lie within a day', '12:00-13:30', 'UTC', '2026-06-01T13:29:00Z', true],
    ['within a day are over at their end', '12:00-13:30', 'UTC', '2026-06-01T13:30:00Z', false],
    ['within a day are over at night', '12:00-13:30', 'UTC', '2026-06-01T00:10:00Z', false],
    ['follow the zone of the agent', '22:00-07:00', 'Europe/Paris', '2026-06-01T20:00:00Z', true],
    ['follow its winter time', '22:00-07:00', 'Europe/Paris', '2026-12-01T20:59:00Z', false],
    ['follow a zone of half hours', '22:00-07:00', 'Asia/Kolkata', '2026-06-01T16:29:00Z', false],
    ['follow a zone of half hours in time', '22:00-07:00', 'Asia/Kolkata', '2026-06-01T16:30:00Z', true],
    ['end with the spring gap that swallows their end', '22:00-02:30', 'Europe/Paris', '2026-03-29T01:00:00Z', false],
    ['come twice in the doubled hour', '02:00-02:30', 'Europe/Paris', '2026-10-25T00:10:00Z', true],
    ['come twice in the doubled hour, again', '02:00-02:30', 'Europe/Paris', '2026-10-25T01:10:00Z', true],
    ['begin at midnight', '00:00-06:00', 'UTC', '2026-06-01T00:00:00Z', true],
  ];
  for (const [what, hours, timezone, at, expected] of rows) {
    it(what, () => {
      assert.equal(isQuiet(hours, timezone, Date.parse(at)), expected);
    });
  }

  it('are never there without a setting', () => {
    assert.equal(isQuiet(null, null, 0), false);
  });
});
