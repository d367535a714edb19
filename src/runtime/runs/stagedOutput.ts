import { Transform, type Readable } from 'node:stream';
import { finished } from 'node:stream/promises';
import type { OutputStage } from './outputStage.ts';

/** What becomes of an output between the program and its log. */
export interface OutputStages {
  /** First of all; null = as it comes. */
  readonly redact: OutputStage | null;
  /** Gets all of it then. */
  readonly hear: ((chunk: Buffer) => void) | null;
  /** What the log gets of it; null = all. */
  readonly filter: OutputStage | null;
}

/** An output as the log is to have it. */
export interface StagedOutput {
  readonly readable: Readable;
  /** Ends it, although its source has not; what is held back comes first. Resolves when all of it was read. Never rejects. */
  end(): Promise<void>;
}

/** Leads an output through its stages; without any that change it, it stays the stream that it is. */
export function stageOutput(source: Readable, { redact, hear, filter }: OutputStages): StagedOutput {
  if (redact === null && filter === null) {
    if (hear !== null) source.on('data', hear);
    return { readable: source, end: () => Promise.resolve() };
  }
  const pass = (chunk: Buffer): Buffer => {
    if (chunk.length > 0) hear?.(chunk);
    return filter === null ? chunk : filter.push(chunk);
  };
  const transform = new Transform({
    transform: (chunk: Buffer, _encoding, done) => {
      done(null, pass(redact === null ? chunk : redact.push(chunk)));
    },
    flush(done) {
      this.push(pass(redact === null ? Buffer.alloc(0) : redact.end()));
      done(null, filter === null ? Buffer.alloc(0) : filter.end());
    },
  });
  source.pipe(transform);
  return {
    readable: transform,
    end: async () => {
      source.unpipe(transform);
      transform.end();
      await finished(transform).catch(() => undefined);
    },
  };
}
