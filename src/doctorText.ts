import type { Translate } from './format.ts';
import type { AgentCheck } from './protocolCheck.ts';
import { toReadable } from './terminalText.ts';

type Finding = AgentCheck['findings'][number];

/** Characters of a line of names, as far as they are short enough. */
const lineLength = 100;
const signs: Record<Finding['level'], string> = { error: '✗', warning: '!', ok: '✓' };
const ranks: Record<Finding['level'], number> = { error: 0, warning: 1, ok: 2 };

/** The check of an agent's set-up, line by line: what is wrong first, each with what to do; then what a wake would start. */
export function describeCheck({ findings, dryRun }: AgentCheck, t: Translate): string[] {
  const sorted = [...findings].sort((a, b) => ranks[a.level] - ranks[b.level]);
  return [
    summarizeCheck(findings, t),
    '',
    ...sorted.flatMap(({ level, text, fix }) => [
      `${signs[level]} ${oneLine(text)}`,
      ...(fix === null ? [] : [`    → ${oneLine(fix)}`]),
    ]),
    ...(dryRun === null ? [] : ['', ...describeDryRun(dryRun, t)]),
  ];
}

/** Whether the agent can work, in a line. */
function summarizeCheck(findings: AgentCheck['findings'], t: Translate): string {
  const count = (level: Finding['level']): number => findings.filter((finding) => finding.level === level).length;
  const [errors, warnings] = [count('error'), count('warning')];
  if (errors > 0) return t('It cannot work like this. Errors: {0}, warnings: {1}.', errors, warnings);
  return warnings > 0 ? t('It can work. Warnings: {0}.', warnings) : t('Everything is in order.');
}

function describeDryRun({ line, cwd, environment, prompt }: NonNullable<AgentCheck['dryRun']>, t: Translate): string[] {
  const originTexts = {
    base: t('Of this machine'),
    definition: t('Of its definition'),
    secret: t('Secrets'),
    adapter: t('Of its adapter'),
    reveille: t('Of the run'),
  };
  const origins = (['base', 'definition', 'secret', 'adapter', 'reveille'] as const).flatMap((origin) => {
    const names = environment.filter((one) => one.from === origin).map(({ name }) => name);
    return names.length === 0 ? [] : wrapNames(`    ${originTexts[origin]}: `, names);
  });
  return [
    t('A wake now would start this (nothing was started):'),
    '',
    `  ${oneLine(line)}`,
    ...(cwd === null ? [] : [`  ${t('in {0}', oneLine(cwd))}`]),
    ...(origins.length === 0 ? [] : [`  ${t('with these variables')}`, ...origins]),
    '',
    t('It would be told:'),
    '',
    ...toReadable(prompt)
      .trimEnd()
      .split('\n')
      .map((one) => `  ${one}`.trimEnd()),
  ];
}

/** Names behind their heading, in lines that a window has room for; those after the first are set in. */
function wrapNames(heading: string, names: readonly string[]): string[] {
  const lines: string[] = [];
  let line = heading;
  names.forEach((name, index) => {
    const word = oneLine(name) + (index === names.length - 1 ? '' : ', ');
    if (line.length + word.length > lineLength && line !== heading) {
      lines.push(line.trimEnd());
      line = ' '.repeat(6);
    }
    line += word;
  });
  return [...lines, line];
}

function oneLine(text: string): string {
  return toReadable(text).replace(/\s+/g, ' ').trim();
}
