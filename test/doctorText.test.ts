import assert from 'node:assert/strict';
import { describeCheck } from '../src/doctorText.ts';
import { untranslated } from '../src/format.ts';
import type { AgentCheck } from '../src/protocolCheck.ts';

type Finding = AgentCheck['findings'][number];

const finding = (level: Finding['level'], text: string, fix: string | null = null): Finding => ({
  id: text,
  level,
  text,
  fix,
});
const checkOf = (findings: Finding[], dryRun: AgentCheck['dryRun'] = null): AgentCheck => ({
  agent: 'a',
  adapter: 'process',
  at: 0,
  findings,
  dryRun,
});

describe('the text of a check', () => {
  it('says first whether the agent can work, then what is wrong with what to do, then what is right', () => {
    const findings = [
      finding('ok', 'fine'),
      finding('warning', 'odd', 'look'),
      finding('error', 'gone\u001b[2J', 'mend'),
    ];
    assert.deepEqual(describeCheck(checkOf(findings), untranslated), [
      'It cannot work like this. Errors: 1, warnings: 1.',
      '',
      '✗ gone',
      '    → mend',
      '! odd',
      '    → look',
      '✓ fine',
    ]);
    assert.equal(describeCheck(checkOf(findings.slice(0, 2)), untranslated)[0], 'It can work. Warnings: 1.');
    assert.equal(describeCheck(checkOf(findings.slice(0, 1)), untranslated)[0], 'Everything is in order.');
  });

  it('tells what a wake would start, the variables in lines that a window has room for', () => {
    const names = Array.from({ length: 12 }, (_, at) => `VARIABLE_${String(at + 100)}`);
    const environment = names.map((name) => ({ name, from: 'base' as const }));
    const lines = describeCheck(
      checkOf([], { line: 'do it', cwd: '/srv', environment, prompt: 'Go.\n' }),
      untranslated,
    );
    const from = lines.indexOf('  with these variables');
    assert.deepEqual(lines.slice(from - 3, from), ['', '  do it', '  in /srv']);
    const shown = lines.slice(from + 1, lines.indexOf('', from));
    assert.equal(shown.length, 3);
    assert.match(shown[0] ?? '', /^ {4}Of this machine: VARIABLE_100, .*,$/);
    assert.match(shown[2] ?? '', /^ {6}VARIABLE_111$/);
    assert.ok(shown.every((line) => line.length <= 100));
    assert.deepEqual(lines.slice(-3), ['It would be told:', '', '  Go.']);
  });
});
