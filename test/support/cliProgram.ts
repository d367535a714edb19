import assert from 'node:assert/strict';
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { toProcessPlatform } from '../../src/runtime/runs/processPlatform.ts';
import type { CliHome } from './cliHome.ts';
import { poll } from './poll.ts';

/** Path of a real CLI, as `npm run test:clis` names it. */
export function cliPath(name: 'claude' | 'codex'): string {
  const path = process.env[`REVEILLE_TEST_${name.toUpperCase()}`];
  assert(path !== undefined, 'These tests need the real CLIs: run them by `npm run test:clis`.');
  return path;
}

/** A line that a CLI printed, parsed. */
export type CliEvent = Readonly<Record<string, unknown>> & { readonly type: string };

/** How a CLI ended. */
export interface CliResult {
  readonly exitCode: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly events: readonly CliEvent[];
  readonly stdout: string;
  readonly stderr: string;
}

export interface CliOptions {
  readonly home: CliHome;
  readonly args: readonly string[];
  /** The prompt, on standard input. */
  readonly prompt: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** A real CLI that runs. */
export class CliRun {
  readonly ended: Promise<CliResult>;
  readonly #child: ChildProcess;
  readonly #runId = crypto.randomUUID();
  #stdout = '';
  #stderr = '';

  constructor(program: string, { home, args, prompt, env = {} }: CliOptions) {
    this.#child = spawn(program, args, {
      cwd: home.workspace,
      env: { ...home.env, ...env, REVEILLE_RUN_ID: this.#runId },
      stdio: ['pipe', 'pipe', 'pipe'],
      detached: process.platform !== 'win32',
    });
    const { stdin, stdout, stderr } = this.#child;
    stdout?.setEncoding('utf8').on('data', (text: string) => (this.#stdout += text));
    stderr?.setEncoding('utf8').on('data', (text: string) => (this.#stderr += text));
    // A program that ends before it has read its prompt.
    stdin?.on('error', () => undefined);
    stdin?.end(prompt);
    this.ended = new Promise((resolve, reject) => {
      this.#child.on('error', reject);
      this.#child.on('close', (exitCode, signal) => {
        resolve({ exitCode, signal, events: this.events, stdout: this.#stdout, stderr: this.#stderr });
      });
    });
  }

  /** What it has printed so far. */
  get events(): readonly CliEvent[] {
    const lines = this.#stdout.split('\n').slice(0, -1);
    return lines.filter((line) => line.startsWith('{')).map((line) => JSON.parse(line) as CliEvent);
  }

  /** Resolves once it has printed an event, or, by `poll`, anything else is so. */
  async until(isSo: (events: readonly CliEvent[]) => boolean, what: string): Promise<void> {
    await poll(() => isSo(this.events), `${what}\n${this.#stdout}\n${this.#stderr}`, 30_000);
  }

  /** Signals the program alone, as an adapter's stop does. */
  kill(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** As `commandsOf`, of this run. */
  commands(): Promise<readonly string[]> {
    return commandsOf(this.#runId);
  }

  /** Ends what a test left behind. */
  async [Symbol.asyncDispose](): Promise<void> {
    for (const pid of await processesOf(this.#runId)) {
      try {
        process.kill(pid, 'SIGKILL');
      } catch {
        // Ended meanwhile.
      }
    }
    await this.ended;
  }
}

/** Command lines of whatever lives with the id of a run in its environment, the CLI itself among them. */
export async function commandsOf(runId: string): Promise<readonly string[]> {
  const pids = await processesOf(runId);
  if (pids.length === 0) return [];
  const { stdout } = spawnSync('ps', ['-ww', '-o', 'args=', '-p', pids.join(',')], { encoding: 'utf8' });
  return stdout
    .split('\n')
    .map((command) => command.trim())
    .filter((command) => command !== '');
}

async function processesOf(runId: string): Promise<readonly number[]> {
  const table = await toProcessPlatform(process.platform).readTable(0);
  return table.filter((entry) => !entry.isZombie && entry.runId === runId).map(({ pid }) => pid);
}
