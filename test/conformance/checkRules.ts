import assert from 'node:assert/strict';
import type { Finding } from '../../src/runtime/adapters/adapter.ts';
import type { AgentDefinition } from '../../src/runtime/definition.ts';
import type { ConformanceSubject } from './conformanceSubject.ts';

const odd: readonly Partial<AgentDefinition>[] = [
  {},
  { args: ['', '--', '--x=y', '\u0000', 'ü'] },
  { cwd: '/nowhere/at/all' },
  { env: { PATH: '', TOKEN: 'x' }, secretEnv: {} },
  { secretEnv: { A: 'NOT_THERE' } },
  { timeoutSec: 0, graceSec: 0, waitSec: 0 },
];
const outcomes = ['', 'logged in', '{"loggedIn":true}', '{', '[]', 'null', '\u0000\uFFFD', 'y'.repeat(100_000)].flatMap(
  (text) =>
    [null, 0, 1, 127].flatMap((exitCode) => [
      { exitCode, stdout: text, stderr: '' },
      { exitCode, stdout: '', stderr: text },
    ]),
);

function assertFinding({ id, level, text, fix }: Finding): void {
  assert.match(id, /^[a-z][\w.]*$/i);
  assert.ok(['ok', 'warning', 'error'].includes(level));
  assert.ok(text.trim() !== '' && text.length < 5000, id);
  assert.ok(level === 'ok' || (fix !== null && fix.trim() !== ''), `${id} does not say what to do`);
}

/** What can be found out about an agent, whatever it is: it says what to do, and never throws. */
export function describeChecks({ adapter }: ConformanceSubject, define: () => AgentDefinition): void {
  it('checks any definition without throwing, and says what to do about what it finds', () => {
    for (const differences of odd) {
      const { findings, probes } = adapter.check({ ...define(), ...differences });
      findings.forEach(assertFinding);
      for (const probe of probes) {
        const { id, args } = probe;
        assert.match(id, /^[a-z][\w.]*$/i);
        assert.ok(args.every((argument) => !argument.includes('\0')));
        outcomes.forEach((outcome) => {
          assertFinding(probe.judge(outcome));
        });
      }
    }
  });
}
