import type { Logger } from '../../src/runtime/log.ts';

const silent = (): void => undefined;
const tell = (message: string, ...details: unknown[]): void => {
  process.stderr.write(`${[message, ...details.map(String)].join(' ')}\n`);
};

/** Tells only what went wrong, on the error stream. */
export const quietLogger: Logger = { trace: silent, debug: silent, info: silent, warn: tell, error: tell };
