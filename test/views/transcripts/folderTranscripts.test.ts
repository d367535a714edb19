import assert from 'node:assert/strict';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { untranslated } from '../../../src/format.ts';
import type { Run } from '../../../src/runtime/model.ts';
import type { LogReading } from '../../../src/transcriptMarks.ts';
import { makeOutput } from '../../../src/transcriptOutput.ts';
import { AgentTranscript } from '../../../src/views/transcripts/agentTranscript.ts';
import { FolderTranscripts } from '../../../src/views/transcripts/folderTranscripts.ts';
import { sampleRun } from '../../support/sampleState.ts';
import { SpokenReader } from '../../support/spokenReader.ts';
import { FakeConnection } from '../fakeConnection.ts';

/** Follows a fake folder and collects what each agent's channel would show. */
function follow(connection: FakeConnection, reading: LogReading | null = null) {
  const texts = new Map<string, string>();
  const transcripts = new Map<string, AgentTranscript>();
  const errors: unknown[] = [];
  const transcriptOf = (agent: string): AgentTranscript => {
    const known = transcripts.get(agent);
    if (known !== undefined) return known;
    const sink = { append: (text: string) => void texts.set(agent, (texts.get(agent) ?? '') + text) };
    const made = new AgentTranscript(sink, untranslated, () =>
      makeOutput(reading, { t: untranslated, now: () => 0, root: '/srv' }),
    );
    transcripts.set(agent, made);
    return made;
  };
  const following = new FolderTranscripts({ connection, transcriptOf, onError: (error) => errors.push(error) });
  return { following, errors, textOf: (agent: string) => texts.get(agent) ?? '' };
}

const noUsage = {
  model: 'm',
  inputTokens: 0,
  cachedTokens: 0,
  cacheWriteTokens: 0,
  outputTokens: 0,
  costMicros: null,
  isListPrice: false,
};

/** Lets the pulls that are under way end: each is a chain of resolved promises. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 20; turn += 1) await nextTurn();
}

const count = (text: string, part: string): number => text.split(part).length - 1;
const running = (number: number, part: Partial<Run> = {}): Run =>
  sampleRun(number, { agent: 'surveyor', status: 'running', startedAt: 1000, reason: 'asked for', ...part });
const ended = (run: Run, part: Partial<Run> = {}): Run => ({
  ...run,
  status: 'succeeded',
  finishedAt: 4000,
  exitCode: 0,
  ...part,
});

describe('the transcripts of a folder', () => {
  let connection: FakeConnection;
  beforeEach(() => {
    connection = new FakeConnection();
  });

  it('shows a run from its heading to its closing line, each byte once', async () => {
    const { textOf } = follow(connection);
    const run = running(7);
    connection.write(run, 'first\n');
    connection.show([run]);
    await settle();
    connection.write(run, 'second\n');
    await settle();
    connection.show([run]);
    connection.write(run, 'third');
    connection.show([ended(run)]);
    await settle();
    const lines = textOf('surveyor').split('\n');
    assert.match(lines[0] ?? '', /^━━ Run 7 · .* · on demand: asked for ━━$/);
    assert.deepEqual(lines.slice(1, 4), ['first', 'second', 'third']);
    assert.equal(lines[4], '━━ Run 7: succeeded after 3.0 s ━━');
  });

  it('shows the whole log of a run that was already running when the window came', async () => {
    const run = running(7);
    connection.write(run, 'from before\n');
    connection.show([run, ended(running(6))]);
    const { textOf } = follow(connection);
    await settle();
    assert.match(textOf('surveyor'), /from before/);
    assert.equal(count(textOf('surveyor'), 'Run 6'), 0);
  });

  it('shows a run that began and ended between two states', async () => {
    connection.show([]);
    const { textOf } = follow(connection);
    const run = running(8);
    connection.write(run, 'quick\n');
    connection.show([ended(run)]);
    await settle();
    assert.match(textOf('surveyor'), /Run 8 · [^]*quick\n━━ Run 8: succeeded/);
  });

  it('goes on where it was after a lost connection, without doubling', async () => {
    const { textOf, errors } = follow(connection);
    const run = running(7);
    connection.write(run, 'one\n');
    connection.show([run]);
    await settle();
    connection.isReachable = false;
    connection.write(run, 'two\n');
    await settle();
    connection.isReachable = true;
    connection.show([ended(run)]);
    await settle();
    assert.equal(errors.length, 1);
    assert.equal(count(textOf('surveyor'), 'one\n'), 1);
    assert.equal(count(textOf('surveyor'), 'two\n'), 1);
    assert.equal(count(textOf('surveyor'), 'Run 7:'), 1);
  });

  it('jumps ahead in a flood and says how much it left out', async () => {
    const { textOf } = follow(connection);
    const run = running(7);
    connection.show([run]);
    await settle();
    connection.write(run, `${'x'.repeat(99)}\n`.repeat(80_000));
    await settle();
    connection.show([ended(run)]);
    await settle();
    assert.ok(textOf('surveyor').length < 3_000_000);
    assert.match(textOf('surveyor'), /… [\d.]+ MB of output left out here/);
    assert.match(textOf('surveyor'), /Run 7: succeeded/);
  });

  it('shows what a program told instead of the JSON in its log, and goes on with whole lines after a jump', async () => {
    const { textOf } = follow(connection, { makeReader: () => new SpokenReader(), reads: 'lines' });
    const run = running(7, { adapter: 'claude_local' });
    const told = (text: string): string => `${JSON.stringify({ kind: 'message', text })}\n`;
    connection.write(run, told('hello') + told('there').slice(0, 12));
    connection.show([run]);
    await settle();
    connection.write(run, told('there').slice(12));
    await settle();
    connection.write(run, told('flood '.repeat(10)).repeat(40_000) + told('last words'));
    await settle();
    const usage = {
      models: [{ ...noUsage, inputTokens: 12_345, cachedTokens: 10_000, outputTokens: 870, costMicros: 12_300 }],
      turns: 3,
    };
    connection.show([ended(run, { usage })]);
    await settle();
    const text = textOf('surveyor');
    assert.match(text, /━━\nhello\n\nthere\n\n… [\d.]+ [kM]B of output left out here[^\n]*…\n\n?flood flood/);
    assert.match(text, /\nlast words\n\n━━ Run 7: succeeded/);
    assert.match(text, /3\.0 s · m: 12 k in \(81 % from cache\), 870 out; 3 turns · \$0\.012 ━━\n/);
    assert.doesNotMatch(text, /[{}]/);
  });

  it('says whose output follows when two runs of an agent speak in turn', async () => {
    const { textOf } = follow(connection);
    const [a, b] = [running(1), running(2)];
    connection.write(a, 'a1\n');
    connection.write(b, 'b1\n');
    connection.show([a, b]);
    await settle();
    connection.write(a, 'a2\n');
    await settle();
    assert.match(textOf('surveyor'), /── Run 1 goes on ──\na2\n$/);
  });

  it('asks for announcements only while it follows something', async () => {
    follow(connection);
    assert.equal(connection.isWatching, false);
    const run = running(7);
    connection.write(run, 'x');
    connection.show([run]);
    await settle();
    assert.equal(connection.isWatching, true);
    connection.show([ended(run)]);
    await settle();
    assert.equal(connection.isWatching, false);
  });

  it('closes the part of a run whose log is gone', async () => {
    const { textOf } = follow(connection);
    connection.show([]);
    connection.show([ended(running(9))]);
    await settle();
    assert.match(textOf('surveyor'), /Run 9: succeeded/);
    assert.equal(connection.isWatching, false);
  });

  it('writes nothing after it was disposed', async () => {
    const { following, textOf } = follow(connection);
    const run = running(7);
    connection.write(run, 'one\n');
    connection.show([run]);
    await settle();
    const before = textOf('surveyor');
    following.dispose();
    connection.write(run, 'two\n');
    connection.show([ended(run)]);
    await settle();
    assert.equal(textOf('surveyor'), before);
  });
});
