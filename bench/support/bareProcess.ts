import { spawn } from 'node:child_process';
import { once } from 'node:events';

/** Runs a program with nothing around it; resolves with its exit code. */
export async function runBare(file: string, args: readonly string[] = [], cwd?: string): Promise<number> {
  const child = spawn(file, args, { stdio: 'ignore', ...(cwd !== undefined && { cwd }) });
  const [code] = (await once(child, 'exit')) as [number | null];
  return code ?? -1;
}

/** Runs a program with nothing around it and resolves with what it printed, once both outputs are at their end. */
export async function readBare(file: string, args: readonly string[]): Promise<string> {
  const child = spawn(file, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  const chunks: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
  child.stderr.resume();
  await once(child, 'close');
  return Buffer.concat(chunks).toString('utf8');
}
