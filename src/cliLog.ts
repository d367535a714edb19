import type { RuntimeFolderConnection } from './connection/folderConnection.ts';
import { formatDuration, formatLogRemoval, formatOutcome, runDurationMs, untranslated } from './format.ts';
import { systemClock } from './runtime/clock.ts';
import { UserError } from './runtime/errors.ts';
import type { RunDetail } from './runtime/model.ts';
import { toReadable } from './terminalText.ts';
import type { ReadableOutput } from './transcriptMarks.ts';
import { makeOutput } from './transcriptOutput.ts';
import type { readingOf } from './transcriptReaders.ts';
import { runUsageText } from './costText.ts';

type Connection = Pick<RuntimeFolderConnection, 'request' | 'onDidGrowLog' | 'onDidChange'>;

/** Where it is written to, and whether as the bytes of the log or readable. */
export interface LogPrinting {
  readonly isRaw: boolean;
  readonly readingOf: typeof readingOf;
  readonly write: (text: string) => void;
}

const pieceBytes = 256 * 1024;

/**
 * Prints what a run has written so far.
 * @throws UserError of kind `not_found` for a run that is not known, or whose log was removed
 */
export async function printRunLog(connection: Connection, runId: string, printing: LogPrinting): Promise<void> {
  const run = await connection.request('run.get', { runId });
  if (run.logRemoval !== null) throw new UserError('not_found', formatLogRemoval(run.logRemoval, untranslated));
  const printer = new LogPrinter(connection, run, printing);
  await printer.printMore();
  printer.end();
}

/** Prints what a run says while it goes on, then how it ended. Answers whether it succeeded. */
export async function followRun(connection: Connection, runId: string, printing: LogPrinting): Promise<boolean> {
  const printer = new LogPrinter(connection, await connection.request('run.get', { runId }), printing);
  for (;;) {
    const grown = nextGrowth(connection, runId);
    if (await printer.printMore()) break;
    await grown;
  }
  printer.end();
  const run = await connection.request('run.get', { runId });
  const duration = runDurationMs(run);
  const outcome = formatOutcome(run, untranslated);
  printing.write(`\n${run.agent} ${duration === null ? outcome : `${outcome} after ${formatDuration(duration)}`}\n`);
  if (run.usage !== null) printing.write(`${toReadable(runUsageText(run.usage, untranslated))}\n`);
  if (run.message !== null) printing.write(`${toReadable(run.message)}\n`);
  printing.write(`Its log: ${run.logPath}\n`);
  return run.status === 'succeeded';
}

/** What is text already is for terminals, with its colours. */
const terminalOutput: ReadableOutput = { push: (text) => text, skip: () => undefined, end: () => '' };

/** Prints the log of one run from its beginning on, each byte once. */
class LogPrinter {
  readonly #connection: Connection;
  readonly #runId: string;
  readonly #write: LogPrinting['write'];
  /** Null for the bytes as they are. */
  readonly #output: ReadableOutput | null;
  #offset = 0;

  constructor(connection: Connection, run: RunDetail, { isRaw, write, readingOf: find }: LogPrinting) {
    this.#connection = connection;
    this.#runId = run.id;
    this.#write = write;
    const setting = { t: untranslated, now: () => systemClock.now(), root: run.cwd };
    this.#output = isRaw ? null : makeOutput(find(run.adapter), setting, () => terminalOutput);
  }

  /** Prints what there is; answers whether that was all of a run that has ended. */
  async printMore(): Promise<boolean> {
    for (;;) {
      const place = { runId: this.#runId, offset: this.#offset, maxBytes: pieceBytes };
      const piece = await this.#connection.request('log.read', place);
      this.#write(this.#output === null ? piece.text : this.#output.push(piece.text));
      const isEnd = piece.nextOffset === this.#offset;
      this.#offset = piece.nextOffset;
      if (isEnd || piece.isComplete) return piece.isComplete;
    }
  }

  end(): void {
    this.#write(this.#output?.end() ?? '');
  }
}

function nextGrowth(connection: Connection, runId: string): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      growth.dispose();
      changes.dispose();
      limit.dispose();
      resolve();
    };
    const growth = connection.onDidGrowLog((grown) => {
      if (grown.runId === runId) done();
    });
    // A runtime that was replaced meanwhile announces nothing of the past.
    const changes = connection.onDidChange(done);
    const limit = systemClock.setTimeout(done, 1000);
  });
}
