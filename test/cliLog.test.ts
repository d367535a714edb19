import assert from 'node:assert/strict';
import { followRun, printRunLog } from '../src/cliLog.ts';
import type { LogReading } from '../src/transcriptMarks.ts';
import { SpokenReader } from './support/spokenReader.ts';
import { sampleRun } from './support/sampleState.ts';
import { FakeConnection } from './views/fakeConnection.ts';

const said = `${JSON.stringify({ kind: 'message', text: 'hello' })}\n`;
const readingOf = (adapter: string | null): LogReading | null =>
  adapter === 'claude_local' ? { makeReader: () => new SpokenReader(), reads: 'lines' } : null;

/** A settled run of an adapter, in a folder that knows its log. */
function settledRun(
  adapter: string,
  log: string,
  message: string | null = null,
): { connection: FakeConnection; runId: string } {
  const connection = new FakeConnection();
  const run = sampleRun(1, { adapter, status: 'succeeded', startedAt: 1, finishedAt: 2001, exitCode: 0, message });
  connection.write(run, log);
  connection.show([run]);
  return { connection, runId: run.id };
}

async function print(adapter: string, log: string, isRaw: boolean): Promise<string> {
  const { connection, runId } = settledRun(adapter, log);
  let text = '';
  await printRunLog(connection, runId, { isRaw, readingOf, write: (piece) => void (text += piece) });
  return text;
}

describe('the log of a run in a terminal', () => {
  it('is readable, and with --raw the bytes of the log', async () => {
    assert.equal(await print('claude_local', said.trimEnd(), false), 'hello\n\n');
    assert.equal(await print('claude_local', said, true), said);
  });

  it('is left as it is where it is for terminals already, colours and all', async () => {
    assert.equal(await print('process', '\u001b[31mred', false), '\u001b[31mred');
  });

  it('is followed to the end of the run, which says how it came out', async () => {
    const { connection, runId } = settledRun('claude_local', said);
    let text = '';
    const hasSucceeded = await followRun(connection, runId, {
      isRaw: false,
      readingOf,
      write: (piece) => void (text += piece),
    });
    assert.equal(hasSucceeded, true);
    assert.match(text, /^hello\n\n\nengineer succeeded after 2\.0 s\n/);
  });

  it('ends with what the run came to, which does not steer the terminal', async () => {
    const { connection, runId } = settledRun(
      'claude_local',
      said,
      'It said: \u001b]52;c;ZXZpbA==\u0007\u001b[2Jno\u202e',
    );
    let text = '';
    await followRun(connection, runId, { isRaw: false, readingOf, write: (piece) => void (text += piece) });
    assert.match(text, /\nIt said: no\n/);
  });
});
