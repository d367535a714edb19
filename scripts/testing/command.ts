import { spawn } from 'node:child_process';
import path from 'node:path';

export const root = path.resolve(import.meta.dirname, '..', '..');

export interface CommandResult {
  readonly exitCode: number | null;
  /** Both streams in the order in which they came; empty when they went to the terminal. */
  readonly output: string;
}

export interface CommandOptions {
  /** `inherit`: straight to the terminal; `capture`: kept, and returned. */
  readonly output: 'inherit' | 'capture';
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
}

/** Runs a program of this Node (a script path and its arguments). Never rejects: a program that can't start has exit code null. */
export function runNode(args: readonly string[], options: CommandOptions): Promise<CommandResult> {
  return new Promise((resolve) => {
    const chunks: string[] = [];
    const child = spawn(process.execPath, args, {
      cwd: options.cwd ?? root,
      env: { ...process.env, ...options.env },
      stdio: options.output === 'inherit' ? 'inherit' : ['ignore', 'pipe', 'pipe'],
    });
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding('utf8').on('data', (chunk: string) => chunks.push(chunk));
    }
    child.on('error', (error) => resolve({ exitCode: null, output: error.message }));
    child.on('close', (exitCode) => resolve({ exitCode, output: chunks.join('') }));
  });
}

/** A command of an installed package, as an argument list for `runNode`. */
export function packageBin(file: string): string {
  return path.join(root, 'node_modules', file);
}
