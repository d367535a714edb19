import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import type { BareAnswer, BareOrder } from './bareProgram.ts';

/**
 * Spawns programs with nothing around them, from a small process of its own: what `fork` costs grows with the memory of the
 * process that calls it, so the benchmark's own would be too easy a rival.
 */
export class BareSpawner implements Disposable {
  readonly #process: ChildProcess = fork(path.join(import.meta.dirname, 'bareProgram.ts'), { execArgv: [] });

  /** Milliseconds until a program has ended that often, so many at a time. */
  async runMany(file: string, order: { readonly count: number; readonly width: number }): Promise<number> {
    return (await this.#ask({ file, args: [], ...order })).tookMs;
  }

  /** Milliseconds until one execution of a program has ended. */
  async run(file: string, args: readonly string[]): Promise<number> {
    return (await this.#ask({ file, args, count: 1, width: 1 })).tookMs;
  }

  /** When a program was asked for, in epoch milliseconds, and what it printed. */
  async read(file: string, args: readonly string[]): Promise<{ readonly askedAt: number; readonly output: string }> {
    return this.#ask({ file, args, count: 1, width: 1 });
  }

  [Symbol.dispose](): void {
    this.#process.kill();
  }

  async #ask(order: BareOrder): Promise<BareAnswer> {
    const answered = once(this.#process, 'message');
    this.#process.send(order);
    const [answer] = (await answered) as [BareAnswer];
    return answer;
  }
}
