import { statSync } from 'node:fs';
import path from 'node:path';
import type { Figure } from './support/figure.ts';

const limitBytes = 250_000;

/** What every window has to load. */
export const size: Figure = ({ production }) => {
  const bytes = statSync(path.join(production.extension, 'dist', 'extension.js')).size;
  const inKilobytes = (value: number): string => `${(value / 1000).toFixed(0)} kB`;
  const [ours, goal] = [inKilobytes(bytes), `≤ ${inKilobytes(limitBytes)}`];
  return Promise.resolve([
    { figure: 'extension.js, minified', ours, against: '', ratio: null, goal, isMet: bytes <= limitBytes },
  ]);
};
