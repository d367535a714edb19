/**
 * Measures the production build with a real runtime process, each figure beside its rival or limit in the same run, and
 * prints a table. Needs Linux (it reads /proc). Nothing here fails because of a time; only what could not be measured, or
 * was measured and incomplete (a log that lacks a byte, a run without its row), makes the exit code 1.
 *
 *   npm run bench               everything
 *   npm run bench -- runs wake  only these figures
 */
import { loadavg } from 'node:os';
import { activation } from './activation.ts';
import { change } from './change.ts';
import { idle } from './idle.ts';
import { log } from './log.ts';
import { runs } from './runs.ts';
import { size } from './size.ts';
import { start } from './start.ts';
import { formatTable, type Figure, type Measurement } from './support/figure.ts';
import { buildProduction } from './support/production.ts';
import { wake } from './wake.ts';

const figures: Readonly<Record<string, Figure>> = { size, activation, start, idle, wake, runs, log, change };

const names = process.argv.length > 2 ? process.argv.slice(2) : Object.keys(figures);
const unknown = names.filter((name) => figures[name] === undefined);
if (unknown.length > 0) {
  throw new Error(`There is no figure ${unknown.join(', ')}. There are ${Object.keys(figures).join(', ')}.`);
}

const say = (line: string): void => {
  process.stderr.write(`${line}\n`);
};

say('Building for production …');
using production = await buildProduction();
const measurements: Measurement[] = [];
for (const name of names) {
  say(`Measuring ${name} (load ${loadavg()[0]?.toFixed(1) ?? '?'}) …`);
  try {
    measurements.push(...((await figures[name]?.({ production, say })) ?? []));
  } catch (error) {
    say(`${name} could not be measured: ${String(error)}`);
    process.exitCode = 1;
  }
}
process.stdout.write(`\n${formatTable(measurements)}\n`);
