import type { Production } from './production.ts';

/** One line of the table. */
export interface Measurement {
  readonly figure: string;
  /** What Reveille needs, with its unit. */
  readonly ours: string;
  /** What it is measured against in the same run; empty where the goal is a limit. */
  readonly against: string;
  /** Ours divided by theirs. */
  readonly ratio: number | null;
  /** Empty where the figure is only told. */
  readonly goal: string;
  /** Null without a goal. */
  readonly isMet: boolean | null;
}

/** What a figure is measured on. */
export interface Bench {
  readonly production: Production;
  /** True when it only has to be seen to work: fewer rounds, smaller histories. */
  readonly isShort: boolean;
  /** Tells whoever waits what goes on. */
  readonly say: (line: string) => void;
}

/** Measures one thing, both sides in interleaved rounds of the same run. */
export type Figure = (bench: Bench) => Promise<readonly Measurement[]>;

/** The table as Markdown, each column as wide as its longest cell. */
export function formatTable(measurements: readonly Measurement[]): string {
  const header = ['figure', 'ours', 'against', 'ratio', 'goal', 'met'];
  const rows = measurements.map(({ figure, ours, against, ratio, goal, isMet }) => [
    figure,
    ours,
    against,
    ratio === null ? '' : `${ratio < 0.1 ? ratio.toPrecision(1) : ratio.toFixed(2)} ×`,
    goal,
    isMet === null ? '' : isMet ? 'yes' : 'NO',
  ]);
  const widths = header.map((_, column) => Math.max(...[header, ...rows].map((row) => (row[column] ?? '').length)));
  const line = (row: readonly string[]) =>
    `| ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`;
  const rule = `|${widths.map((width) => '-'.repeat(width + 2)).join('|')}|`;
  return [line(header), rule, ...rows.map(line)].join('\n');
}
