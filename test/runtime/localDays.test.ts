import assert from 'node:assert/strict';
import { daysOf, hostDay } from '../../src/runtime/localDays.ts';

const hourMs = 60 * 60 * 1000;

function lengths(from: string, to: string, timeZone: string): string[] {
  return daysOf({ from: Date.parse(from), to: Date.parse(to) }, timeZone).map(
    (day) => `${day.date} ${String((day.to - day.from) / hourMs)}`,
  );
}

describe('localDays', () => {
  const rows: [name: string, from: string, to: string, zone: string, days: string[]][] = [
    ['an ordinary day', '2026-01-05T00:00Z', '2026-01-06T00:00Z', 'UTC', ['2026-01-05 24']],
    ['cut to the span', '2026-01-05T10:00Z', '2026-01-06T00:15Z', 'UTC', ['2026-01-05 14', '2026-01-06 0.25']],
    ['a quarter offset', '2026-01-05T18:15Z', '2026-01-06T18:15Z', 'Asia/Kathmandu', ['2026-01-06 24']],
    ['the clock set forward', '2026-03-28T23:00Z', '2026-03-29T22:00Z', 'Europe/Berlin', ['2026-03-29 23']],
    ['the clock set back', '2026-10-24T22:00Z', '2026-10-25T23:00Z', 'Europe/Berlin', ['2026-10-25 25']],
    ['half an hour back', '2026-04-04T13:00Z', '2026-04-05T13:30Z', 'Australia/Lord_Howe', ['2026-04-05 24.5']],
    [
      'a change at midnight',
      '2026-03-08T05:00Z',
      '2026-03-10T04:00Z',
      'America/Havana',
      ['2026-03-08 23', '2026-03-09 24'],
    ],
    [
      'a day that was left out',
      '2011-12-29T10:00Z',
      '2011-12-31T10:00Z',
      'Pacific/Apia',
      ['2011-12-29 24', '2011-12-31 24'],
    ],
    ['an empty span', '2026-01-05T00:00Z', '2026-01-05T00:00Z', 'UTC', []],
  ];
  for (const [name, from, to, zone, days] of rows) {
    it(`gives the days of ${name}`, () => {
      assert.deepEqual(lengths(from, to, zone), days);
    });
  }

  it('refuses a time zone that does not exist', () => {
    assert.throws(() => daysOf({ from: 0, to: hourMs }, 'Europe/Nowhere'), RangeError);
  });

  it('knows the day of this machine that a time falls into', () => {
    const at = new Date(2026, 2, 29, 13, 37).getTime();
    assert.deepEqual(hostDay(at), {
      from: new Date(2026, 2, 29).getTime(),
      to: new Date(2026, 2, 30).getTime(),
    });
    const { from, to } = hostDay(at);
    assert.deepEqual([hostDay(from), hostDay(to - 1), hostDay(to).from], [{ from, to }, { from, to }, to]);
  });
});
