import assert from 'node:assert/strict';
import { appendFileSync, mkdirSync, truncateSync, writeFileSync } from 'node:fs';
import { execFileSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { codexBooks } from '../../../src/runtime/adapters/codexBooks.ts';
import { systemClock } from '../../../src/runtime/clock.ts';
import { UsageBooks, type BookEvent } from '../../../src/runtime/runs/usageBooks.ts';
import { poll } from '../../support/poll.ts';
import { makeTemporaryFolder } from '../../support/temporaryFolder.ts';

const id = '01a1fe19-91ae-7110-8e9f-6a4c0f0e03b6';
const answer = (number: number, at = Date.now()): string =>
  `${JSON.stringify({
    timestamp: new Date(at).toISOString(),
    type: 'token_usage_record',
    payload: { response_id: `r${String(number)}`, usage: { input_tokens: number, output_tokens: 1 } },
  })}\n`;

/** The books of codex below a folder of their own, and what they told so far. */
function openBooks(since = Date.now() - 1000) {
  const folder = makeTemporaryFolder();
  const told: number[] = [];
  const onEvent = (event: BookEvent): void => {
    if (event.kind === 'usage') told.push(event.usage.inputTokens ?? 0);
  };
  const place = { env: { CODEX_HOME: folder.path }, cwd: folder.path };
  const books = new UsageBooks({ books: codexBooks, place, since, clock: systemClock, onEvent });
  const file = join(folder.path, 'sessions/2026/11/21', `rollout-2026-11-21T12-34-10-${id}.jsonl`);
  const write = (text: string): void => {
    mkdirSync(dirname(file), { recursive: true });
    appendFileSync(file, text);
  };
  const dispose = (): void => {
    books.dispose();
    folder[Symbol.dispose]();
  };
  return { books, told, file, write, folder: folder.path, [Symbol.dispose]: dispose };
}

describe('Books of usage', function () {
  this.timeout(20_000);

  it('are followed as they grow, although the file comes later', async () => {
    using opened = openBooks();
    opened.books.follow({ id });
    await new Promise((resolve) => setTimeout(resolve, 300));
    opened.write(answer(1));
    await poll(() => opened.told.length === 1, 'the first answer is told');
    // A line that is being written says nothing yet.
    opened.write(answer(2) + answer(3).slice(0, 40));
    await poll(() => opened.told.length === 2, 'the second answer is told');
    opened.write(answer(3).slice(40));
    await opened.books.finish();
    opened.write(answer(4));
    await new Promise((resolve) => setTimeout(resolve, 1100));
    assert.deepEqual(opened.told, [1, 2, 3]);
  });

  it('tell of this run only', async () => {
    using opened = openBooks();
    opened.write(answer(1, Date.now() - 60_000) + answer(2));
    opened.books.follow({ id });
    await opened.books.finish();
    assert.deepEqual(opened.told, [2]);
  });

  it('tell nothing where there is nothing to tell: no file, no conversation, a folder, a pipe', async () => {
    using none = openBooks();
    await none.books.finish();
    using missing = openBooks();
    missing.books.follow({ id });
    await missing.books.finish();
    using strange = openBooks();
    mkdirSync(strange.file, { recursive: true });
    strange.books.follow({ id });
    await strange.books.finish();
    assert.deepEqual([...none.told, ...missing.told, ...strange.told], []);
    if (process.platform === 'win32') return;
    using piped = openBooks();
    mkdirSync(dirname(piped.file), { recursive: true });
    execFileSync('mkfifo', [piped.file]);
    piped.books.follow({ id });
    await piped.books.finish();
    assert.deepEqual(piped.told, []);
  });

  it('that became shorter tell what they had told, and go on behind it', async () => {
    using opened = openBooks();
    opened.write(answer(1));
    opened.books.follow({ id });
    await poll(() => opened.told.length === 1, 'the first answer is told');
    truncateSync(opened.file, 3);
    await opened.books.finish();
    assert.deepEqual(opened.told, [1]);
  });

  it('of more than can be read tell the end', async () => {
    using opened = openBooks();
    mkdirSync(dirname(opened.file), { recursive: true });
    writeFileSync(opened.file, answer(1));
    // Holes take no room.
    truncateSync(opened.file, 80 * 1024 * 1024);
    opened.write(`\n${answer(2)}`);
    opened.books.follow({ id });
    await opened.books.finish();
    assert.deepEqual(opened.told, [2]);
  });
});
