import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { exportActivity, isWithin, type ActivityFormat } from '../../../src/runtime/governance/exportActivity.ts';
import { hashActivity, hashText, genesisHash, type ActivityRow } from '../../../src/runtime/store/activityChain.ts';
import { AuditFixture } from '../../support/auditFixture.ts';

type Line = Omit<ActivityRow, 'details'> & { details: unknown; time: string; text?: string; textSalt?: string };

async function save(
  fixture: AuditFixture,
  format: ActivityFormat,
  options: { includeTexts?: boolean; pause?: () => Promise<void>; path?: string } = {},
): Promise<string> {
  const { includeTexts = false, pause = () => Promise.resolve(), path = join(fixture.path, 'out') } = options;
  await exportActivity({ reader: fixture.store, path, format, includeTexts, pause });
  return readFileSync(path, 'utf8');
}

function toLines(text: string): Line[] {
  return text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Line);
}

/** A reader of RFC 4180, so that what is written is judged by the format and not by its writer. */
function parseCsv(text: string): string[][] {
  const rows: string[][] = [];
  let cells: string[] = [];
  for (const [, quoted, plain, end] of text.matchAll(/(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n)/g)) {
    cells.push(quoted === undefined ? (plain ?? '') : quoted.replaceAll('""', '"'));
    if (end === ',') continue;
    rows.push(cells);
    cells = [];
  }
  return rows;
}

describe('Export of the audit log', () => {
  it('as JSON lines holds all that a verification elsewhere needs', async () => {
    await using fixture = await AuditFixture.open();
    fixture.recordMany(3, { details: { n: 1, list: ['a', 'b'], nothing: null }, text: 'said "so"\n', costMicros: 5 });

    const lines = toLines(await save(fixture, 'jsonl', { includeTexts: true }));

    let previous = genesisHash;
    for (const { details, text, textSalt, ...line } of lines) {
      assert.equal(hashActivity({ ...line, details: JSON.stringify(details) }, previous, null), line.hash);
      assert.equal(hashText(text ?? '', textSalt ?? ''), line.textHash);
      assert.equal(Date.parse(line.time), line.at);
      previous = line.hash;
    }
    assert.equal(lines.length, 3);
  });

  it('leaves texts and their salts out unless asked for', async () => {
    await using fixture = await AuditFixture.open();
    fixture.record({ text: 'private words' });

    for (const format of ['jsonl', 'csv'] as const)
      assert.doesNotMatch(await save(fixture, format), /private|textSalt/);
    assert.match(await save(fixture, 'csv', { includeTexts: true }), /private words/);
  });

  it('as CSV keeps every character, and disarms what a spreadsheet would execute', async () => {
    await using fixture = await AuditFixture.open();
    const texts = ['=1+1', '+1', '-1', '@x', '\tx', '\rx', 'a,b', 'say "x"', 'two\r\nlines', 'é 😀', 'plain'];
    for (const text of texts) fixture.record({ text, result: text });

    const [head, ...rows] = parseCsv(await save(fixture, 'csv', { includeTexts: true }));

    const [text = -1, result = -1] = ['text', 'result'].map((name) => head?.indexOf(name));
    const expected = texts.map((value) => (/^[=+\-@\t\r]/.test(value) ? `'${value}` : value));
    assert.deepEqual(
      rows.map((row) => row[text]),
      expected,
    );
    assert.deepEqual(
      rows.map((row) => row[result]),
      expected,
    );
    assert.ok(rows.every((row) => row.length === head?.length));
  });

  it('begins with the anchor when retention has removed entries', async () => {
    await using fixture = await AuditFixture.open();
    fixture.recordMany(5);
    fixture.store.transact((writer) => fixture.audit.prune(writer, 3));

    const [first, ...rest] = toLines(await save(fixture, 'jsonl')) as unknown as [{ anchor: { lastNumber: number } }];

    assert.equal(first.anchor.lastNumber, 2);
    assert.equal(rest.length, 3);
  });

  it('goes in slices, over thousands of entries, while more are written', async () => {
    await using fixture = await AuditFixture.open();
    fixture.store.transact((writer) => {
      for (let index = 0; index < 4900; index += 1)
        fixture.audit.record(writer, { actor: 'runtime', action: 'run.settled', target: 'run:r' });
    });
    let pauses = 0;
    const pause = async (): Promise<void> => {
      pauses += 1;
      fixture.record();
    };

    const lines = toLines(await save(fixture, 'jsonl', { pause }));

    assert.deepEqual(
      lines.map(({ number }) => number),
      Array.from({ length: 4900 }, (_nothing, index) => index + 1),
    );
    assert.equal(pauses, 10);
  });

  it('exports a tampered entry as it is', async () => {
    await using fixture = await AuditFixture.open();
    fixture.recordMany(2);
    fixture.tamper("UPDATE activity SET details = 'no json', at = 9e18 WHERE number = 1");

    const [first, second] = toLines(await save(fixture, 'jsonl'));

    assert.deepEqual([first?.details, first?.time, second?.number], ['no json', '', 2]);
  });

  it('is a private file that replaces another one when it is complete', async () => {
    await using fixture = await AuditFixture.open();
    fixture.record();
    const path = join(fixture.path, 'out');
    writeFileSync(path, 'before');
    const seen: string[] = [];

    await save(fixture, 'csv', { pause: async () => void seen.push(readFileSync(path, 'utf8')) });

    assert.deepEqual(seen, ['before']);
    assert.equal(statSync(path).mode & 0o777, 0o600);
    assert.equal(readdirSync(fixture.path).filter((name) => name.startsWith('out')).length, 1);
  });

  it('says where it cannot write, and leaves nothing there', async () => {
    await using fixture = await AuditFixture.open();
    fixture.record();
    mkdirSync(join(fixture.path, 'folder'));
    for (const name of ['nowhere/out', 'folder', 'state.txt/out']) {
      await assert.rejects(save(fixture, 'csv', { path: join(fixture.path, name) }), {
        kind: 'storage',
        message: /could not be written to .* Choose a folder/,
      });
    }
    await assert.rejects(
      save(fixture, 'csv', {
        pause: () => {
          throw new Error('disk full');
        },
      }),
      { kind: 'storage' },
    );
    assert.deepEqual(
      readdirSync(fixture.path).filter((name) => /out|tmp/.test(name)),
      [],
    );
  });

  it('knows what lies within a directory', () => {
    const cases: [string, string, boolean][] = [
      ['/a/b', '/a/b', true],
      ['/a/b', '/a/b/c/d', true],
      ['/a/b', '/a/bc', false],
      ['/a/b', '/a', false],
      ['/a/b', '/a/b/..c', true],
    ];
    for (const [directory, file, expected] of cases) assert.equal(isWithin(directory, file), expected, file);
  });
});
