import type { Measurement } from './figure.ts';

/** What a ratio should be, ours divided by theirs. */
export type RatioGoal = { readonly atMost: number } | { readonly atLeast: number };

/** A line of the table about two numbers of the same kind. */
export function compare(
  figure: string,
  values: { readonly ours: number; readonly theirs: number },
  options: { readonly rival: string; readonly format: (value: number) => string; readonly goal?: RatioGoal },
): Measurement {
  const { rival, format, goal } = options;
  const ratio = values.ours / values.theirs;
  return {
    figure,
    ours: format(values.ours),
    against: `${format(values.theirs)} ${rival}`,
    ratio,
    goal: goal ? describeGoal(goal) : '',
    isMet: goal ? isMet(ratio, goal) : null,
  };
}

function isMet(ratio: number, goal: RatioGoal): boolean {
  return 'atMost' in goal ? ratio <= goal.atMost : ratio >= goal.atLeast;
}

function describeGoal(goal: RatioGoal): string {
  return 'atMost' in goal ? `≤ ${String(goal.atMost)} ×` : `≥ ${String(goal.atLeast)} ×`;
}
