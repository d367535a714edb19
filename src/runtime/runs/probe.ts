import type { Readable } from 'node:stream';
import type { ProcessPlan } from '../adapters/adapter.ts';
import type { Clock } from '../clock.ts';
import type { ChildStarter, StartedChild } from './childStarter.ts';
import type { ProcessTrees } from './processTree.ts';
import { explainSpawnFailure } from './spawnFailure.ts';

/** What a probe is run with. */
export interface ProbeTools {
  readonly starter: ChildStarter;
  readonly trees: Pick<ProcessTrees, 'watch'>;
  readonly clock: Clock;
  /** Longest answer of a program, in milliseconds; then its whole tree is ended. */
  readonly limitMs: number;
  /** Ends the program at once. */
  readonly signal: AbortSignal;
}

/** What came of a short command. */
export type ProbeOutcome =
  | { readonly kind: 'exited'; readonly exitCode: number | null; readonly stdout: string; readonly stderr: string }
  | { readonly kind: 'timed_out' }
  | { readonly kind: 'aborted' }
  /** Nothing was started; `message` says why, and what to do. */
  | { readonly kind: 'not_started'; readonly message: string };

/** What is kept of each output; the rest is read and dropped. */
const keptBytes = 64 * 1024;
/** How long outputs may stay open behind a program that has ended: something it left may hold them. */
const closingMs = 500;
const graceMs = 500;

/**
 * Runs a command that only tells something, and leaves nothing of it behind.
 * @param probeId also `REVEILLE_RUN_ID` in the environment of the program, which marks its tree
 */
export async function runProbe(
  program: Pick<ProcessPlan, 'file' | 'args' | 'cwd' | 'env'>,
  probeId: string,
  tools: ProbeTools,
): Promise<ProbeOutcome> {
  if (tools.signal.aborted) return { kind: 'aborted' };
  const env = { ...program.env, REVEILLE_RUN_ID: probeId };
  const plan: ProcessPlan = { ...program, env, kind: 'process', shell: false, stdin: null };
  const result = await tools.starter.start(plan);
  if (result.kind === 'failed') {
    const { message } = await explainSpawnFailure(plan, result.code, result.text);
    return { kind: 'not_started', message };
  }
  const { child } = result;
  const tree = tools.trees.watch(probeId, child.identity);
  try {
    return await listen(child, tools);
  } finally {
    await tree.end(graceMs);
    child.kill();
    tree.dispose();
    child.dispose();
  }
}

async function listen(child: StartedChild, { clock, limitMs, signal }: ProbeTools): Promise<ProbeOutcome> {
  const [stdout, stderr] = [keep(child.stdout), keep(child.stderr)];
  const stopped = new AbortController();
  const ended = child.exited.then(async ({ exitCode }): Promise<ProbeOutcome> => {
    await Promise.race([child.closed, wait(clock, closingMs, stopped.signal)]);
    return { kind: 'exited', exitCode, stdout: stdout(), stderr: stderr() };
  });
  const late = wait(clock, limitMs, stopped.signal).then((): ProbeOutcome => ({ kind: 'timed_out' }));
  const aborted = new Promise<ProbeOutcome>((resolve) => {
    const abort = (): void => {
      resolve({ kind: 'aborted' });
    };
    signal.addEventListener('abort', abort, { once: true, signal: stopped.signal });
    if (signal.aborted) abort();
  });
  try {
    return await Promise.race([ended, late, aborted]);
  } finally {
    stopped.abort();
  }
}

/** Resolves after the time, or never once it was stopped. */
function wait(clock: Clock, ms: number, stopped: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (stopped.aborted) return;
    const timer = clock.setTimeout(resolve, ms);
    stopped.addEventListener('abort', () => {
      timer.dispose();
    });
  });
}

/** Reads an output to its end; answers what was kept of it so far. */
function keep(source: Readable): () => string {
  const chunks: Buffer[] = [];
  let bytes = 0;
  source.on('data', (chunk: Buffer) => {
    if (bytes < keptBytes) chunks.push(chunk.subarray(0, keptBytes - bytes));
    bytes += chunk.length;
  });
  // A pipe that breaks ends what there was to read.
  source.on('error', () => undefined);
  return () => Buffer.concat(chunks).toString('utf8');
}
