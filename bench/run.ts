/**
 * Measures the production build with a real runtime process, each figure beside its rival or limit in the same run, and
 * prints a table. Needs Linux (it reads /proc). Nothing here fails because of a time; only what could not be measured, or
 * was measured and incomplete (a log that lacks a byte, a run without its row), makes the exit code 1.
 *
 *   npm run bench               everything
 *   npm run bench -- runs store only these figures, or those that begin with the name and a dash
 *   npm run bench -- --short    the same with fewer rounds and smaller histories, where a figure has them
 */
import { loadavg } from 'node:os';
import { activation } from './activation.ts';
import { adapters } from './adapters.ts';
import { change } from './change.ts';
import { engineDrain } from './engineDrain.ts';
import { engineGrowth } from './engineGrowth.ts';
import { engineIdle } from './engineIdle.ts';
import { engineRecovery } from './engineRecovery.ts';
import { engineTimer } from './engineTimer.ts';
import { engineWake } from './engineWake.ts';
import { idle } from './idle.ts';
import { log } from './log.ts';
import { runs } from './runs.ts';
import { size } from './size.ts';
import { start } from './start.ts';
import { formatTable, type Figure, type Measurement } from './support/figure.ts';
import { buildProduction } from './support/production.ts';
import { storeCheckpoint } from './storeCheckpoint.ts';
import { storeCommit } from './storeCommit.ts';
import { storeHistory } from './storeHistory.ts';
import { storeReplay } from './storeReplay.ts';
import { wake } from './wake.ts';

const figures: Readonly<Record<string, Figure>> = {
  size,
  activation,
  start,
  idle,
  wake,
  runs,
  log,
  change,
  adapters,
  'engine-drain': engineDrain,
  'engine-growth': engineGrowth,
  'engine-idle': engineIdle,
  'engine-recovery': engineRecovery,
  'engine-timer': engineTimer,
  'engine-wake': engineWake,
  'store-commit': storeCommit,
  'store-replay': storeReplay,
  'store-checkpoint': storeCheckpoint,
  'store-history': storeHistory,
};

const shortSwitch = '--short';
const isShort = process.argv.includes(shortSwitch);
const asked = process.argv.slice(2).filter((argument) => argument !== shortSwitch);
const isNamedBy = (name: string, word: string): boolean => name === word || name.startsWith(`${word}-`);
const names = Object.keys(figures).filter((name) => asked.length === 0 || asked.some((word) => isNamedBy(name, word)));
const unknown = asked.filter((word) => !names.some((name) => isNamedBy(name, word)));
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
    measurements.push(...((await figures[name]?.({ production, isShort, say })) ?? []));
  } catch (error) {
    say(`${name} could not be measured: ${String(error)}`);
    process.exitCode = 1;
  }
}
process.stdout.write(`\n${formatTable(measurements)}\n`);
