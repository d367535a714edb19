import assert from 'node:assert/strict';
import { parseResetTime } from '../../../src/runtime/adapters/codexResetTime.ts';
import { WallClock } from '../../../src/runtime/adapters/localTime.ts';

const minutes = (at: number | null): string | null => (at === null ? null : new Date(at).toISOString().slice(0, 19));

describe('the time at which codex may be tried again', () => {
  const rows: [text: string, timeZone: string, now: string, expected: string | null][] = [
    ['or try again at 2:48 AM.', 'UTC', '2026-11-21T01:48:00Z', '2026-11-21T02:49:00'],
    ['Try again at 2:48 PM.', 'UTC', '2026-11-21T01:48:00Z', '2026-11-21T14:49:00'],
    ['try again at 12:05 AM.', 'UTC', '2026-11-21T00:01:00Z', '2026-11-21T00:06:00'],
    ['try again at 12:05 PM.', 'UTC', '2026-11-21T00:01:00Z', '2026-11-21T12:06:00'],
    // Read a moment after it was written: it has come, it is not of tomorrow.
    ['try again at 11:59 PM.', 'UTC', '2026-11-21T00:00:30Z', '2026-11-21T00:00:00'],
    ['try again at 2:48 AM.', 'UTC', '2026-11-21T02:49:00Z', '2026-11-21T02:49:00'],
    ['try again at 1:00 AM.', 'UTC', '2026-11-21T23:00:00Z', '2026-11-22T01:01:00'],
    ['try again at 1:00 AM.', 'UTC', '2026-12-31T23:00:00Z', '2027-01-01T01:01:00'],
    ['try again at 2:48 AM.', 'America/New_York', '2026-11-21T05:00:00Z', '2026-11-21T07:49:00'],
    ['try again at 5:30 PM.', 'Asia/Kolkata', '2026-11-21T05:00:00Z', '2026-11-21T12:01:00'],
    // The clock goes from 02:00 to 03:00, and from 03:00 to 02:00: shown twice, the first one counts.
    ['try again at 2:30 AM.', 'Europe/Paris', '2027-03-28T00:10:00Z', '2027-03-28T01:31:00'],
    ['try again at 3:30 AM.', 'Europe/Paris', '2027-03-28T00:10:00Z', '2027-03-28T01:31:00'],
    ['try again at 2:30 AM.', 'Europe/Paris', '2026-10-24T23:10:00Z', '2026-10-25T00:31:00'],
    ['try again at Nov 23rd, 2026 2:48 AM.', 'UTC', '2026-11-21T01:48:00Z', '2026-11-23T02:49:00'],
    ['try again at Jan 1st, 2027 12:00 PM.', 'Europe/Paris', '2026-12-21T01:48:00Z', '2027-01-01T11:01:00'],
    ['Please try again in 1.5s.', 'UTC', '2026-11-21T01:48:00Z', '2026-11-21T01:48:01'],
    ['try again in 250ms', 'UTC', '2026-11-21T01:48:00.900Z', '2026-11-21T01:48:01'],
    ['try again in 3 days', 'UTC', '2026-11-21T01:48:00Z', '2026-11-24T01:48:00'],
    ['Try again later.', 'UTC', '2026-11-21T01:48:00Z', null],
    ['try again at 13:48 PM.', 'UTC', '2026-11-21T01:48:00Z', null],
    ['try again at 0:48 AM.', 'UTC', '2026-11-21T01:48:00Z', null],
    ['try again at 2:61 AM.', 'UTC', '2026-11-21T01:48:00Z', null],
    ['try again at Foo 23rd, 2026 2:48 AM.', 'UTC', '2026-11-21T01:48:00Z', null],
    ['', 'UTC', '2026-11-21T01:48:00Z', null],
  ];
  for (const [text, timeZone, now, expected] of rows) {
    it(`"${text}" at ${now} in ${timeZone} is ${expected ?? 'unknown'}`, () => {
      assert.equal(minutes(parseResetTime(text, { now: Date.parse(now), wall: new WallClock(timeZone) })), expected);
    });
  }
});

describe('a clock on the wall', () => {
  it('shows what was meant, on every hour of days on which clocks are changed', () => {
    const days: [timeZone: string, from: number][] = [
      ['Europe/Paris', Date.UTC(2026, 9, 24)],
      ['America/St_Johns', Date.UTC(2026, 9, 31)],
      ['Australia/Lord_Howe', Date.UTC(2027, 3, 3)],
      ['UTC', Date.UTC(2026, 11, 31)],
    ];
    for (const [timeZone, from] of days) {
      const clock = new WallClock(timeZone);
      for (let at = from; at < from + 72 * 3_600_000; at += 1_800_000) {
        const wall = clock.show(at);
        assert.deepEqual(clock.show(clock.timeOf(wall)), wall);
      }
    }
  });
});
