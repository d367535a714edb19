import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { setImmediate } from 'node:timers/promises';
import { LogFile, type LogFileOptions } from '../../../src/runtime/runs/logFile.ts';
import { ManualClock } from '../../support/manualClock.ts';

/** Every write seems to take long. */
class SlowClock extends ManualClock {
  #at = 0;

  override monotonic(): number {
    this.#at += 100;
    return this.#at;
  }
}

describe('the log of a run', () => {
  let folder: string;
  let path: string;
  let growth: number[];
  let failures: Error[];
  const clock = new ManualClock(1_000_000);

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'log-'));
    path = join(folder, 'run.log');
    growth = [];
    failures = [];
  });
  afterEach(() => {
    rmSync(folder, { recursive: true });
  });

  function open(changes: Partial<LogFileOptions> = {}): { log: LogFile; out: PassThrough; err: PassThrough } {
    const log = LogFile.open({
      path,
      clock,
      onDidGrow: (bytes) => growth.push(bytes),
      onDidFail: (error) => failures.push(error),
      ...changes,
    });
    const [out, err] = [new PassThrough(), new PassThrough()];
    log.follow(out, 'out');
    log.follow(err, 'err');
    return { log, out, err };
  }

  it('keeps both outputs as they came, with an index that tells them apart', async () => {
    const { log, out, err } = open();
    out.write('one\n');
    err.write('two\n');
    err.write('three\n');
    out.write(Buffer.from([0xff, 0x0a]));
    const summary = await log.close();
    assert.deepEqual(readFileSync(path), Buffer.from('one\ntwo\nthree\n\xff\n', 'latin1'));
    const index = readFileSync(join(folder, 'run.idx'), 'utf8').trim().split('\n');
    assert.deepEqual(
      index.map((line) => JSON.parse(line) as unknown),
      [
        { offset: 0, stream: 'out', at: 1_000_000 },
        { offset: 4, stream: 'err', at: 1_000_000 },
        { offset: 14, stream: 'out', at: 1_000_000 },
      ],
    );
    assert.deepEqual(summary, {
      bytes: 16,
      stdoutExcerpt: 'one\n\ufffd\n',
      stderrExcerpt: 'two\nthree\n',
      error: null,
    });
    assert.equal(growth.at(-1), 16);
  });

  it('is readable by its owner only', async () => {
    await open().log.close();
    if (process.platform !== 'win32') assert.equal(statSync(path).mode & 0o777, 0o600);
  });

  it('goes on at the end of an existing log', async () => {
    writeFileSync(path, 'before\n');
    const { log, out } = open();
    out.write('after\n');
    assert.equal((await log.close()).bytes, 13);
    assert.equal(readFileSync(path, 'utf8'), 'before\nafter\n');
    assert.match(readFileSync(join(folder, 'run.idx'), 'utf8'), /"offset":7/);
  });

  it('cuts excerpts at whole characters', async () => {
    const { log, out, err } = open();
    out.write(`${'€'.repeat(3000)}xx`);
    err.write(Buffer.from('é€').subarray(0, 4));
    const { stdoutExcerpt, stderrExcerpt } = await log.close();
    assert.equal(stdoutExcerpt, `${'€'.repeat(1364)}xx`);
    assert.equal(stderrExcerpt, 'é');
  });

  it('replaces the middle by a marker once it reached its limit', async () => {
    const { log, out } = open({ maxBytes: 1000 });
    const text = Array.from({ length: 20_000 }, (_, index) => `line ${String(index).padStart(6, '0')}\n`).join('');
    for (let at = 0; at < text.length; at += 7777) out.write(text.slice(at, at + 7777));
    const { bytes } = await log.close();
    const left = text.length - 1000 - 65_536;
    const marker = `\n[Reveille left out ${String(left)} bytes here: the log reached its limit]\n`;
    assert.equal(readFileSync(path, 'utf8'), text.slice(0, 1000) + marker + text.slice(-65_536));
    assert.equal(bytes, statSync(path).size);
    assert.equal(growth.at(-1), bytes);
  });

  it('writes what comes at once, and keeps its order when a slow disk makes it wait', async () => {
    const { log: quick, out: quickOut } = open();
    quickOut.write('at once');
    await once(quickOut, 'resume');
    assert.equal(readFileSync(path, 'utf8'), 'at once');
    await quick.close();

    const { log, out } = open({ path: join(folder, 'slow.log'), clock: new SlowClock(0) });
    await once(out, 'resume');
    let text = '';
    const lengths: number[] = [];
    for (let line = 0; line < 3000; line += 1) {
      const next = `line ${String(line)}\n`;
      text += next;
      out.write(next);
      lengths.push(statSync(join(folder, 'slow.log')).size);
      if (line % 100 === 99) await setImmediate();
    }
    assert.equal((await log.close()).bytes, text.length);
    assert.equal(readFileSync(join(folder, 'slow.log'), 'utf8'), text);
    assert.ok(new Set(lengths).size < 300, 'the lines waited for each other');
    assert.equal(growth.at(-1), text.length);
  });

  it('needs no marker when the tail holds all that came after the limit', async () => {
    const { log, out } = open({ maxBytes: 10 });
    out.write('0123456789abc');
    out.write('def');
    await log.close();
    assert.equal(readFileSync(path, 'utf8'), '0123456789abcdef');
  });

  it('pauses a source that is faster than the disk, and lets it go on', async () => {
    const { log, out } = open({ clock: new SlowClock(0) });
    await once(out, 'resume');
    const chunk = Buffer.alloc(64 * 1024, 'x');
    let accepted = 0;
    // In one turn nothing can be written, so only the pause bounds what is taken.
    while (!out.isPaused()) {
      out.write(chunk);
      accepted += chunk.length;
      out.read(0);
      assert.ok(accepted < 4 * 1024 * 1024, 'the source is paused');
    }
    await once(out, 'resume');
    const { bytes } = await log.close();
    assert.ok(bytes >= 1024 * 1024 && bytes <= accepted);
  });

  it('throws when its folder does not exist or is a file', () => {
    assert.throws(() => open({ path: join(folder, 'no', 'run.log') }), { code: 'ENOENT' });
    writeFileSync(join(folder, 'file'), '');
    assert.throws(() => open({ path: join(folder, 'file', 'run.log') }), { code: 'ENOTDIR' });
  });

  if (process.platform === 'linux') {
    it('reports a full disk once, keeps reading, and stays usable', async () => {
      const { log, out } = open({ path: '/dev/full' });
      out.write('lost');
      const failed = new Promise<void>((resolve) => {
        const look = (): void => {
          if (failures.length > 0) resolve();
          else setTimeout(look);
        };
        look();
      });
      await failed;
      out.write('kept as an excerpt');
      const summary = await log.close();
      assert.equal(failures.length, 1);
      assert.match(summary.error?.message ?? '', /ENOSPC/);
      assert.equal(summary.stdoutExcerpt, 'lostkept as an excerpt');
      assert.equal(summary.bytes, 0);
    });
  }
});
