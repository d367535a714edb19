import assert from 'node:assert/strict';
import { untranslated } from '../../../src/format.ts';
import { readLogText } from '../../../src/views/documents/logText.ts';
import { sampleRun } from '../../support/sampleState.ts';
import { FakeConnection } from '../fakeConnection.ts';

const run = sampleRun(1, { status: 'failed', startedAt: 1, finishedAt: 2 });

function connectionWith(log: string): FakeConnection {
  const connection = new FakeConnection();
  connection.show([run]);
  connection.write(run, log);
  return connection;
}

describe('the document of a log', () => {
  it('holds a small log whole, without escape sequences', async () => {
    assert.equal(await readLogText(connectionWith('one\n\u001b[1mtwo\u001b[0m\n'), run.id, untranslated), 'one\ntwo\n');
  });

  it('has what a program told in words, also behind a gap', async () => {
    const said = (text: string): string =>
      `${JSON.stringify({ type: 'item.completed', item: { id: 'i', type: 'agent_message', text } })}\n`;
    const connection = new FakeConnection();
    const told = { ...run, adapter: 'codex_local' };
    connection.show([told]);
    connection.write(told, said('First.') + said('x'.repeat(1_200_000)) + said('Last.'));
    const text = await readLogText(connection, run.id, untranslated);
    assert.match(text, /^First\.\n\n[^{]*left out here[^\n]*\n\nLast\.\n\n$/);
  });

  it('says at its end what the run used and cost', async () => {
    const connection = connectionWith('done\n');
    const model = { model: 'm', inputTokens: 1200, cachedTokens: 0, cacheWriteTokens: 0, outputTokens: 80 };
    connection.show([{ ...run, usage: { models: [{ ...model, costMicros: 12_000, isListPrice: true }], turns: 2 } }]);
    assert.equal(
      await readLogText(connection, run.id, untranslated),
      'done\n\n━━━━\nCost of this run: ≈ $0.012 by list price · 2 turns\n  m: 1.2 k in, 80 out · ≈ $0.012 by list price\n',
    );
  });

  it('says that a run wrote nothing', async () => {
    assert.equal(await readLogText(connectionWith(''), run.id, untranslated), 'This run wrote nothing.');
  });

  it('holds a log just over the limit without a gap and without doubling', async () => {
    const log = `${'0123456789'.repeat(60_000)}end`;
    assert.equal(await readLogText(connectionWith(log), run.id, untranslated), log);
  });

  it('says which setting removed the log of a run, unless it had written nothing', async () => {
    const connection = connectionWith('gone');
    const shown = async (reason: 'age' | 'size', limit: number): Promise<string> => {
      connection.show([{ ...run, logRemoval: { reason, limit } }]);
      return readLogText(connection, run.id, untranslated);
    };

    assert.equal(
      await shown('age', 30),
      'The log of this run was removed after 30 days (setting reveille.retention.logs.days).',
    );
    assert.match(await shown('size', 2000), /more than 2000 MB \(setting reveille\.retention\.logs\.megabytes\)/);
    const silent = connectionWith('');
    silent.show([{ ...run, logRemoval: { reason: 'age', limit: 30 } }]);
    assert.equal(await readLogText(silent, run.id, untranslated), 'This run wrote nothing.');
  });

  it('shows head and tail of a big log, says what is missing, and reads little', async () => {
    const connection = connectionWith(`HEAD\n${'x'.repeat(5_000_000)}\nTAIL`);
    const text = await readLogText(connection, run.id, untranslated);
    assert.match(text, /^HEAD\n/);
    assert.match(text, /TAIL$/);
    assert.match(text, /4\.0 MB left out here\. The whole log is in \/store\/runs\/1\.log/);
    assert.ok(connection.reads.length <= 6, String(connection.reads.length));
  });
});
