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
  readonly goal: string;
  readonly isMet: boolean;
}

/** What a figure is measured on. */
export interface Bench {
  readonly production: Production;
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
    ratio === null ? '' : `${ratio.toFixed(2)} ×`,
    goal,
    isMet ? 'yes' : 'NO',
  ]);
  const widths = header.map((_, column) => Math.max(...[header, ...rows].map((row) => (row[column] ?? '').length)));
  const line = (row: readonly string[]) =>
    `| ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`;
  const rule = `|${widths.map((width) => '-'.repeat(width + 2)).join('|')}|`;
  return [line(header), rule, ...rows.map(line)].join('\n');
}
