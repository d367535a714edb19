import type { Logger } from '../../src/runtime/log.ts';

/** Keeps what was logged; an error that nobody expected fails the test that awaits `assertQuiet`. */
export class TestLogger implements Logger {
  readonly lines: string[] = [];
  readonly errors: unknown[][] = [];

  trace(message: string, ...details: unknown[]): void {
    this.#keep('trace', message, details);
  }

  debug(message: string, ...details: unknown[]): void {
    this.#keep('debug', message, details);
  }

  info(message: string, ...details: unknown[]): void {
    this.#keep('info', message, details);
  }

  warn(message: string, ...details: unknown[]): void {
    this.#keep('warn', message, details);
  }

  error(message: string, ...details: unknown[]): void {
    this.errors.push([message, ...details]);
    this.#keep('error', message, details);
  }

  /** Throws if an error was logged. */
  assertQuiet(): void {
    if (this.errors.length > 0) throw new Error(`An error was logged: ${JSON.stringify(this.errors, null, 2)}`);
  }

  #keep(level: string, message: string, details: readonly unknown[]): void {
    this.lines.push(`${level} ${[message, ...details.map(String)].join(' ')}`);
  }
}
