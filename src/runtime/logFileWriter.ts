import * as fs from 'node:fs';
import { inspect } from 'node:util';
import type { Logger } from './log.ts';

const levels = ['trace', 'debug', 'info', 'warn', 'error'] as const;
export type LogLevel = (typeof levels)[number];

const largestBytes = 2 * 1024 * 1024;

/**
 * The runtime's own diary: `<time> [level] <message> <details>`, one line each; `path` and one older file `path.1`.
 * Writing is synchronous so that the last words before a crash are there, and never throws: a full disk must not end runs.
 */
export class LogFileWriter implements Logger {
  readonly #path: string;
  readonly #least: number;
  #bytes: number;

  constructor(path: string, least: LogLevel = 'info') {
    this.#path = path;
    this.#least = levels.indexOf(least);
    this.#bytes = sizeOf(path);
  }

  trace(message: string, ...details: unknown[]): void {
    this.#write('trace', message, details);
  }

  debug(message: string, ...details: unknown[]): void {
    this.#write('debug', message, details);
  }

  info(message: string, ...details: unknown[]): void {
    this.#write('info', message, details);
  }

  warn(message: string, ...details: unknown[]): void {
    this.#write('warn', message, details);
  }

  error(message: string, ...details: unknown[]): void {
    this.#write('error', message, details);
  }

  #write(level: LogLevel, message: string, details: readonly unknown[]): void {
    if (levels.indexOf(level) < this.#least) return;
    const line = formatLine(new Date(), level, message, details);
    try {
      if (this.#bytes > largestBytes) this.#rotate();
      fs.appendFileSync(this.#path, line, { mode: 0o600 });
      this.#bytes += Buffer.byteLength(line);
    } catch {
      // Nowhere is left to say it; the store reports a full disk on its own.
    }
  }

  #rotate(): void {
    fs.renameSync(this.#path, `${this.#path}.1`);
    this.#bytes = 0;
  }
}

/** One line of the diary, its line breaks marked so that nothing can forge a second one. */
export function formatLine(at: Date, level: LogLevel, message: string, details: readonly unknown[]): string {
  const parts = details.map((detail) => (typeof detail === 'string' ? detail : inspect(detail, { depth: 4 })));
  const text = [message, ...parts].join(' ').replaceAll('\r', '').replaceAll('\n', '\n    ');
  return `${at.toISOString()} [${level}] ${text}\n`;
}

function sizeOf(path: string): number {
  return fs.statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}
