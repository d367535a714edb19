import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { claudeBooks } from '../../../src/runtime/adapters/claudeBooks.ts';
import type { UsageEvent } from '../../../src/runtime/adapters/events.ts';
import { readAll, recordingPath } from '../../support/recordedOutputs.ts';

const stderr = Buffer.alloc(0);
const bookOf = (name: string): Buffer => readFileSync(recordingPath(`claude-session/${name}.jsonl`));

function usagesOf(stdout: Buffer, since: number): UsageEvent[] {
  return readAll(claudeBooks.read(since, true), { stdout, stderr }, () => 1000).flatMap((event) =>
    event.kind === 'usage' ? [event.usage] : [],
  );
}

/** The answers by id, the last word on each; in words: input, cached, cache write, output. */
function answersOf(usages: readonly UsageEvent[]): string[] {
  const byId = new Map(usages.filter(({ basis }) => basis === 'message').map((usage) => [usage.id, usage]));
  return [...byId.values()].map(({ inputTokens, cachedTokens, cacheWriteTokens, outputTokens }) =>
    [inputTokens, cachedTokens, cacheWriteTokens, outputTokens].join(' '),
  );
}
const costOf = (usages: readonly UsageEvent[]): unknown[] =>
  usages.filter(({ basis }) => basis === 'run').map(({ costMicros }) => costMicros);

describe('the books of claude', () => {
  it('tell all answers of a run with their final numbers, and its cost', () => {
    const usages = usagesOf(bookOf('ended'), 0);
    assert.deepEqual(answersOf(usages), ['1100 0 1000 11', '1120 1000 100 22', '1130 1100 0 33']);
    assert.deepEqual(costOf(usages), [7840]);
  });

  it('tell of a resumed run only what was added', () => {
    const since = Date.parse('2026-11-21T12:33:54.803Z') + 1;
    const usages = usagesOf(bookOf('resumed'), since);
    assert.deepEqual(answersOf(usages), ['1150 1100 10 44']);
    assert.deepEqual(costOf(usages), [1310]);
    assert.deepEqual(costOf(usagesOf(bookOf('resumed'), 0)), [9150]);
  });

  it('tell what a killed run had done, without a cost', () => {
    const usages = usagesOf(bookOf('killed-in-shell'), 0);
    assert.equal(answersOf(usages).length, 1);
    assert.deepEqual(costOf(usages), []);
  });

  it('tell the cost of one that was terminated', () => {
    assert.deepEqual(costOf(usagesOf(bookOf('terminated-streaming'), 0)), [5620]);
  });

  it('say nothing of a run that left nothing', () => {
    assert.deepEqual(usagesOf(bookOf('ended'), Date.parse('2027-01-01')), []);
    assert.deepEqual(usagesOf(Buffer.from('{"type":"assistant","message'), 0), []);
  });

  it('lie where the environment of the run says', () => {
    const session = { id: '11111111-2222-4333-8444-555555555555' };
    const at = (env: Record<string, string>, of: Record<string, string> = session) =>
      claudeBooks.locate(of, { env, cwd: '/w' });
    const found = at({ HOME: '/home/me' });
    assert.deepEqual([found?.folder, found?.depth], ['/home/me/.claude/projects', 1]);
    assert.equal(found?.isBook(`${session.id}.jsonl`), true);
    assert.equal(found.isBook('22222222-2222-4333-8444-555555555555.jsonl'), false);
    assert.equal(at({ HOME: '/home/me', CLAUDE_CONFIG_DIR: '/cfg' })?.folder, '/cfg/projects');
    assert.equal(at({}), null);
    assert.equal(at({ HOME: '/home/me' }, { id: '../../x' }), null);
  });
});
