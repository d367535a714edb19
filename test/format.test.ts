import assert from 'node:assert/strict';
import {
  formatBytes,
  formatDuration,
  formatElapsed,
  formatOutcome,
  formatRelativeTime,
  untranslated,
  type RunEnd,
} from '../src/format.ts';

const secondMs = 1000;
const minuteMs = 60 * secondMs;
const hourMs = 60 * minuteMs;
const dayMs = 24 * hourMs;

describe('format', () => {
  for (const [durationMs, text] of [
    [-5, '< 0.1 s'],
    [0, '< 0.1 s'],
    [49, '< 0.1 s'],
    [50, '0.1 s'],
    [430, '0.4 s'],
    [9_949, '9.9 s'],
    [9_950, '10 s'],
    [59_499, '59 s'],
    [59_600, '1 min'],
    [200 * secondMs, '3 min 20 s'],
    [hourMs - 400, '1 h'],
    [2 * hourMs + 5 * minuteMs, '2 h 5 min'],
    [3 * dayMs + 4 * hourMs, '3 d 4 h'],
  ] as const) {
    it(`writes ${String(durationMs)} ms as ${text}`, () => {
      assert.equal(formatDuration(durationMs), text);
    });
  }

  for (const [elapsedMs, text] of [
    [-1, '0:00'],
    [7_900, '0:07'],
    [12 * minuteMs + 40 * secondMs, '12:40'],
    [hourMs + 2 * minuteMs + 3 * secondMs, '1:02:03'],
  ] as const) {
    it(`counts ${String(elapsedMs)} ms as ${text}`, () => {
      assert.equal(formatElapsed(elapsedMs), text);
    });
  }

  for (const [distanceMs, text] of [
    [0, 'just now'],
    [-30 * secondMs, 'just now'],
    [30 * secondMs, 'in less than a minute'],
    [-5 * minuteMs, '5 min ago'],
    [59 * minuteMs + 59 * secondMs, 'in 59 min'],
    [-23 * hourMs, '23 h ago'],
    [3 * dayMs, 'in 3 d'],
  ] as const) {
    it(`says "${text}" for a distance of ${String(distanceMs)} ms`, () => {
      assert.equal(formatRelativeTime(1_000_000_000 + distanceMs, 1_000_000_000, untranslated), text);
    });
  }

  for (const [bytes, text] of [
    [-1, '0 B'],
    [0, '0 B'],
    [999, '999 B'],
    [1000, '1.0 kB'],
    [1234, '1.2 kB'],
    [999_600, '1.0 MB'],
    [34_000_000, '34 MB'],
    [5e15, '5000 TB'],
  ] as const) {
    it(`writes ${String(bytes)} bytes as ${text}`, () => {
      assert.equal(formatBytes(bytes), text);
    });
  }

  const ended: RunEnd = { status: 'failed', startedAt: 0, finishedAt: 1, exitCode: null, signal: null };
  for (const [run, text] of [
    [{ ...ended, status: 'succeeded', exitCode: 0 }, 'succeeded'],
    [{ ...ended, exitCode: 3 }, 'failed with exit code 3'],
    [{ ...ended, exitCode: 0 }, 'failed'],
    [{ ...ended, signal: 'SIGKILL' }, 'ended by SIGKILL'],
    [{ ...ended, status: 'timed_out', signal: 'SIGTERM' }, 'timed out'],
    [{ ...ended, status: 'cancelled' }, 'cancelled'],
  ] as const) {
    it(`calls a run ${text}`, () => {
      assert.equal(formatOutcome(run, untranslated), text);
    });
  }

  it('leaves a placeholder without a value as it is', () => {
    assert.equal(untranslated('{0} of {1}', 1), '1 of {1}');
  });
});
