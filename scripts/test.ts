/**
 * Builds, checks and tests everything. The last line is `N passed, N failed, N skipped`.
 *
 *   --only a,b       only these steps or groups (build, checks, suites, package; lint, unit, host, …)
 *   --grep pattern   only the tests whose names match
 */
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { steps, type Step } from './testing/steps.ts';
import { formatTally, isGood, sum, type Tally } from './testing/tally.ts';

interface Result {
  readonly step: Step;
  readonly tally: Tally;
  readonly seconds: number;
}

const { values: options } = parseArgs({ options: { only: { type: 'string' }, grep: { type: 'string' } } });

function chooseSteps(only: string | undefined): readonly Step[] {
  if (only === undefined) return steps;
  const words = only.split(',');
  const isChosen = (step: Step) =>
    words.some((word) => word === step.group || word === step.name || step.name.startsWith(`${word} `));
  const chosen = steps.filter(isChosen);
  if (chosen.length === 0) {
    throw new Error(`--only ${only} names no step. There are: ${steps.map((step) => step.name).join(', ')}.`);
  }
  return chosen;
}

async function runStep(step: Step): Promise<Result> {
  const startedAt = performance.now();
  if (!step.isParallel) process.stdout.write(`\n── ${step.name}\n`);
  const tally = await step.run(step.group === 'suites' ? options.grep : undefined);
  const seconds = (performance.now() - startedAt) / 1000;
  process.stdout.write(`${isGood(tally) ? '✓' : '✗'} ${step.name}: ${formatTally(tally)} (${seconds.toFixed(1)} s)\n`);
  return { step, tally, seconds };
}

/** Runs the steps with at most one per core at a time; their results come in the order of the steps. */
async function runTogether(together: readonly Step[]): Promise<readonly Result[]> {
  const results: Result[] = [];
  const waiting = [...together.entries()];
  const worker = async () => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      results[next[0]] = await runStep(next[1]);
    }
  };
  await Promise.all(Array.from({ length: availableParallelism() }, worker));
  return results;
}

async function runAll(chosen: readonly Step[]): Promise<readonly Result[]> {
  const results: Result[] = [];
  const parallel = chosen.filter((step) => step.isParallel);
  let areParallelDone = false;
  for (const step of chosen) {
    if (!step.isParallel) results.push(await runStep(step));
    else if (!areParallelDone) {
      areParallelDone = true;
      process.stdout.write('\n── checks\n');
      results.push(...(await runTogether(parallel)));
    }
  }
  return results;
}

const results = await runAll(chooseSteps(options.only));
const total = sum(results.map((result) => result.tally));
const bad = results.filter((result) => !isGood(result.tally));
if (bad.length > 0) process.stdout.write(`\nNot good: ${bad.map((result) => result.step.name).join(', ')}.\n`);
process.stdout.write(`\n${formatTally(total)}\n`);
process.exitCode = bad.length === 0 ? 0 : 1;
