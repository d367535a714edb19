import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { ClaudeReader } from '../../../src/runtime/adapters/claudeReader.ts';
import type { AgentEvent } from '../../../src/runtime/adapters/events.ts';
import { addEvent, conclude, nothingReported } from '../../../src/runtime/runs/report.ts';
import { readAll, readRecording, recordedCases, recordingPath, type Recording } from '../../support/recordedOutputs.ts';
import { usageOf } from '../../support/unpriced.ts';
import { seededRandom } from '../../support/seededRandom.ts';

const nothing = Buffer.alloc(0);
const cases = recordedCases('claude');
/** Outputs with partial messages, as Reveille starts it. */
const streamed = readdirSync(recordingPath('claude-session'))
  .filter((name) => name.endsWith('.stdout.jsonl'))
  .map((name) => name.slice(0, -'.stdout.jsonl'.length));

const eventsOf = (recording: Pick<Recording, 'stdout' | 'stderr'>, nextLength?: () => number): AgentEvent[] =>
  readAll(new ClaudeReader(), recording, nextLength);
const streamOf = (name: string): Pick<Recording, 'stdout' | 'stderr'> => ({
  stdout: readFileSync(recordingPath(`claude-session/${name}.stdout.jsonl`)),
  stderr: nothing,
});

/** `UPDATE_EVENTS=1` writes the lists anew; read every difference then: a wrong list is worse than none. */
function compare(file: string, events: readonly AgentEvent[]): void {
  const lines = events.map((event) => JSON.stringify(event));
  if (process.env['UPDATE_EVENTS'] === '1') writeFileSync(file, lines.map((line) => `${line}\n`).join(''));
  assert.ok(existsSync(file), `${file} is missing: write it with UPDATE_EVENTS=1, and read it`);
  assert.deepEqual(lines, readFileSync(file, 'utf8').split('\n').filter(Boolean));
}

describe('the recordings of claude, as events', () => {
  for (const name of cases) {
    it(name, () => {
      compare(recordingPath(`claude/${name}.events.jsonl`), eventsOf(readRecording('claude', name)));
    });
  }

  for (const name of streamed) {
    it(`${name}, with partial messages`, () => {
      compare(recordingPath(`claude-session/${name}.events.jsonl`), eventsOf(streamOf(name)));
    });
  }

  it('are the same however the output is cut, and with the ends of lines of Windows', () => {
    const random = seededRandom(5);
    const all = [...cases.map((name) => readRecording('claude', name)), ...streamed.map(streamOf)];
    for (const recording of all) {
      const whole = eventsOf(recording);
      assert.deepEqual(
        eventsOf(recording, () => 1),
        whole,
      );
      assert.deepEqual(
        eventsOf(recording, () => Math.floor(random() * 300)),
        whole,
      );
      const stdout = Buffer.from(recording.stdout.toString('utf8').replaceAll('\n', '\r\n'));
      assert.deepEqual(eventsOf({ ...recording, stdout }), whole);
    }
  });
});

describe('the outcome of a run of claude', () => {
  /** Cost in micro-dollars; null where nothing was said of usage. */
  type Row = [
    name: string,
    status: string,
    code: string | null,
    message: RegExp | null,
    setback: unknown,
    cost: unknown,
  ];
  const limit = (name: string, until: number | null): unknown => ({ kind: 'rate_limit', limit: name, until });
  const transient = { kind: 'transient' };
  const rows: Row[] = [
    ['00-first-bash', 'succeeded', null, /^All done\.$/, null, 1600],
    ['02-resume', 'succeeded', null, /Hello/, null, 12_000],
    ['02-resume-fork', 'succeeded', null, /Hello/, null, 12_000],
    ['31-budget-resume-again', 'succeeded', null, /^hi$/, null, 800],
    ['42-bg-bash-finishes', 'succeeded', null, /^Saw it end\.$/, null, 2400],
    ['43-wakeup', 'succeeded', null, /^default answer$/, null, 2400],
    ['33-model-nonsense-model', 'succeeded', null, /^hi$/, null, null],
    ['22-sse-overloaded', 'succeeded', null, /^Done\.$/, null, 1220],
    ['21-429-once', 'succeeded', null, /^ok after retry$/, null, 800],
    ['24-oauth-warning', 'succeeded', null, /^fine$/, null, 400],
    ['12-permission-tool-deny', 'succeeded', null, /^Ran bash\.$/, null, 1600],
    ['03-resume-unknown', 'failed', 'session_lost', /No conversation found/, null, null],
    ['03-resume-not-uuid', 'failed', 'session_lost', /requires a valid session ID/, null, null],
    ['05-json-unknown-session', 'failed', 'session_lost', /No conversation found/, null, null],
    ['20-no-key', 'failed', 'login_required', /Please run \/login/, null, null],
    ['20-bad-oauth', 'failed', 'login_required', /Please run \/login/, null, null],
    ['20-403', 'failed', 'login_required', /does not have permission/, null, null],
    ['21-429-long-retry-after', 'failed', 'rate_limited', /rate_limit/, limit('rate_limit', null), null],
    ['24-apikey-unified-headers', 'failed', 'rate_limited', /rate_limit/, limit('rate_limit', null), null],
    ['24-oauth-5h-limit', 'failed', 'rate_limited', /until 2026-11-21T02:36/, limit('five_hour', 1795228606000), null],
    ['22-500', 'failed', 'temporary_failure', /500 Internal server error/, transient, null],
    ['22-529', 'failed', 'temporary_failure', /529 Overloaded/, transient, null],
    ['22-drop', 'failed', 'temporary_failure', /ECONNRESET/, transient, null],
    ['22-conn-refused', 'failed', 'temporary_failure', /ECONNREFUSED/, transient, null],
    ['23-400-context', 'failed', 'context_full', /Prompt is too long/, null, null],
    ['23-400-credit', 'failed', 'credit_exhausted', /Credit balance is too low/, null, null],
    ['23-404-model', 'failed', 'model_unknown', /claude-nope/, null, null],
    ['23-refusal', 'failed', 'request_refused', /safeguards flagged/, null, 1600],
    ['30-max-turns-2', 'failed', 'turn_limit', /maximum number of turns \(2\)/, null, 120_000],
    ['31-budget', 'failed', 'reported_failure', /maximum budget \(\$0\.1\)/, null, 120_000],
    ['12-permission-tool-deny-stop', 'failed', 'permission_missing', /not allowed to go on/, null, 800],
    ['12-permission-tool-unknown', 'failed', 'reported_failure', /mcp__board__nope .* not found/, null, null],
    ['05-bad-flag', 'failed', 'reported_failure', /unknown option '--no-such-flag'/, null, null],
    ['11-mcp-bad-json', 'failed', 'reported_failure', /Invalid MCP configuration/, null, null],
    ['14-mode-bypassPermissions', 'failed', 'reported_failure', /cannot be used with root/, null, null],
    ['40-sigint-during-api', 'failed', 'no_result', /interrupted/, null, null],
    ['41-sigint-during-bash', 'failed', 'reported_failure', /interrupted while a tool ran/, null, 800],
    ['40-sigterm-mid-stream', 'failed', 'exit_code', /143/, null, null],
    ['41-sigkill-during-bash', 'failed', 'signal', /SIGKILL/, null, null],
  ];
  for (const [name, status, code, message, setback, cost] of rows) {
    it(`of ${name} is ${code ?? status}`, () => {
      const recording = readRecording('claude', name);
      const report = eventsOf(recording).reduce(addEvent, nothingReported);
      const outcome = conclude(recording.outcome, report, 'result');
      assert.deepEqual([outcome.status, outcome.errorCode, outcome.setback], [status, code, setback]);
      if (message === null) assert.equal(outcome.message, null);
      else assert.match(outcome.message ?? '', message);
      const costs = usageOf(outcome)?.models.flatMap(({ costMicros }) => costMicros ?? []) ?? [];
      assert.deepEqual(costs.length === 0 ? null : costs.reduce((sum, part) => sum + part), cost);
    });
  }

  it('keeps no conversation that could not be found, and the one that it had else', () => {
    const sessions = (name: string): unknown[] =>
      eventsOf(readRecording('claude', name)).filter(({ kind }) => kind === 'session');
    assert.deepEqual(sessions('03-resume-unknown'), []);
    assert.deepEqual(sessions('03-resume-not-uuid'), []);
    assert.deepEqual(sessions('22-500'), [{ kind: 'session', params: { id: '75d672d5-b074-40c6-aae6-7c75e3b92b21' } }]);
  });

  it('says at the first refusal of a key that no other try will help', () => {
    const events = eventsOf(readRecording('claude', '20-401'));
    assert.deepEqual(
      events.slice(1, 3).map((event) => [event.kind, event.kind === 'failure' && event.isFinal]),
      [
        ['retrying', false],
        ['failure', true],
      ],
    );
  });
});
