import assert from 'node:assert/strict';
import { DiagnosticsReporter, toReport, type SeenDiagnostic } from '../../src/views/diagnosticsReporter.ts';
import { ManualClock } from '../support/manualClock.ts';
import { sampleAgent } from '../support/sampleState.ts';
import { TestLogger } from '../support/testLogger.ts';
import { viewedFolder } from './viewedFolder.ts';

const mistake: SeenDiagnostic = { path: 'a.ts', severity: 'error', range: [1, 2, 3, 4], message: 'wrong' };
const remark: SeenDiagnostic = { ...mistake, severity: 'warning' };

describe('a report of diagnostics', () => {
  it('counts, and is the same in any order', () => {
    const { digest, ...counts } = toReport([mistake, remark, remark]);
    assert.deepEqual(counts, { errors: 1, warnings: 2 });
    assert.match(digest, /^[0-9a-f]{64}$/);
    assert.equal(toReport([remark, mistake, remark]).digest, digest);
  });

  const others: readonly (readonly [string, Partial<SeenDiagnostic>])[] = [
    ['file', { path: 'b.ts' }],
    ['range', { range: [1, 2, 3, 5] }],
    ['message', { message: 'worse' }],
    ['severity', { severity: 'warning' }],
  ];
  for (const [what, part] of others) {
    it(`has another digest for another ${what}`, () => {
      assert.notEqual(toReport([{ ...mistake, ...part }]).digest, toReport([mistake]).digest);
    });
  }

  it('stays small however many there are', () => {
    const many = Array.from({ length: 10_001 }, (_, index) => ({ ...mistake, path: String(index).padStart(6, '0') }));
    assert.equal(toReport(many).errors, 10_001);
    assert.equal(toReport(many).digest, toReport(many.slice(0, 10_000)).digest);
  });
});

/** A reporter in a window that shows `seen`; `sent` is what the runtime was told. */
class Window implements Disposable {
  readonly clock = new ManualClock();
  readonly sent: string[] = [];
  seen: readonly SeenDiagnostic[] = [mistake];
  isTrusted = true;
  isReachable = true;
  readonly reporter: DiagnosticsReporter;

  constructor(onlyIf: readonly ('files' | 'diagnostics')[] = ['diagnostics']) {
    const heartbeat = { ...sampleAgent('a').heartbeat, onlyIf };
    const folder = viewedFolder({ agents: [sampleAgent('a', { heartbeat })] });
    const request = (_method: string, params: unknown): Promise<never> => {
      if (!this.isReachable) return Promise.reject(new Error('not there'));
      this.sent.push((params as { digest: string }).digest);
      return Promise.resolve({} as never);
    };
    this.reporter = new DiagnosticsReporter({
      folders: () => [{ ...folder, status: { kind: 'connected' }, request }],
      read: () => this.seen,
      isTrusted: () => this.isTrusted,
      clock: this.clock,
      log: new TestLogger(),
    });
  }

  /** The editor says that something changed; then this time passes, in milliseconds. */
  async change(ms = 2000): Promise<void> {
    this.reporter.schedule();
    this.clock.tick(ms);
    await new Promise((resolve) => setImmediate(resolve));
  }

  [Symbol.dispose](): void {
    this.reporter.dispose();
    assert.equal(this.clock.pendingTimers, 0);
  }
}

describe('the reporter of diagnostics', () => {
  it('waits until a window has been open for a while, then tells each state once', async () => {
    using window = new Window();
    await window.change(29_000);
    assert.equal(window.sent.length, 0);
    await window.change();
    assert.equal(window.sent.length, 1);
    await window.change();
    assert.equal(window.sent.length, 1, 'the same again');
    window.seen = [];
    await window.change();
    assert.equal(window.sent.length, 2);
  });

  it('waits until errors have come to rest, but not for ever', async () => {
    using window = new Window();
    window.clock.tick(60_000);
    await window.change(1000);
    await window.change(1000);
    assert.equal(window.sent.length, 0);
    for (let count = 0; count < 9; count += 1) await window.change(1000);
    assert.equal(window.sent.length, 1);
  });

  it('tells again what did not arrive', async () => {
    using window = new Window();
    window.isReachable = false;
    await window.change(31_000);
    window.isReachable = true;
    await window.change();
    assert.equal(window.sent.length, 1);
  });

  it('tells nothing that nobody asked for, and nothing while the window is not trusted', async () => {
    using idle = new Window(['files']);
    await idle.change(31_000);
    using untrusted = new Window();
    untrusted.isTrusted = false;
    await untrusted.change(31_000);
    assert.deepEqual([...idle.sent, ...untrusted.sent], []);
  });
});
