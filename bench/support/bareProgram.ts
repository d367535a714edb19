/** The process behind `BareSpawner`: does as it is told by messages, and uses nothing but Node. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';

export interface BareOrder {
  readonly file: string;
  readonly args: readonly string[];
  readonly count: number;
  /** Executions at a time. */
  readonly width: number;
}

export interface BareAnswer {
  readonly askedAt: number;
  readonly tookMs: number;
  /** Of the last execution. */
  readonly output: string;
}

process.on('message', (order: BareOrder) => {
  void carryOut(order).then((answer) => process.send?.(answer));
});

async function carryOut({ file, args, count, width }: BareOrder): Promise<BareAnswer> {
  const at = performance.now();
  let started = 0;
  let output = '';
  const worker = async (): Promise<void> => {
    while (started < count) {
      started += 1;
      output = await execute(file, args);
    }
  };
  await Promise.all(Array.from({ length: width }, worker));
  return { askedAt: performance.timeOrigin + at, tookMs: performance.now() - at, output };
}

async function execute(file: string, args: readonly string[]): Promise<string> {
  const child = spawn(file, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  const chunks: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
  child.stderr.resume();
  await once(child, 'close');
  return Buffer.concat(chunks).toString('utf8');
}
