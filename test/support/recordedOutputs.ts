import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { AgentEvent, EventReader } from '../../src/runtime/adapters/events.ts';
import type { ProcessOutcome } from '../../src/runtime/runs/processOutcome.ts';
import { toVerdict } from '../../src/runtime/runs/processOutcome.ts';

/** Absolute path below the recordings of the real programs. */
export function recordingPath(name: string): string {
  return fileURLToPath(new URL(`../fixtures/recordings/${name}`, import.meta.url));
}

/** One execution of a real program: what it put out, and how its process ended. */
export interface Recording {
  readonly stdout: Buffer;
  readonly stderr: Buffer;
  readonly outcome: ProcessOutcome;
}

/** The cases of a program that have `.stdout`, `.stderr` and `.exit`. */
export function recordedCases(program: string): string[] {
  return readdirSync(recordingPath(program))
    .filter((name) => name.endsWith('.exit'))
    .map((name) => name.slice(0, -'.exit'.length));
}

export function readRecording(program: string, name: string): Recording {
  const read = (end: string): Buffer => readFileSync(recordingPath(`${program}/${name}.${end}`));
  const { code, signal } = JSON.parse(read('exit').toString('utf8')) as { code: number | null; signal: string | null };
  const exit = { exitCode: code, signal };
  const verdict = toVerdict({ kind: 'exit' }, exit);
  const outcome = { ...verdict, ...exit, stdoutExcerpt: '', stderrExcerpt: '', logBytes: 0 };
  return { stdout: read('stdout'), stderr: read('stderr'), outcome };
}

/** All that a reader finds in two outputs, cut into pieces of the lengths that `nextLength` gives. */
export function readAll(
  reader: EventReader,
  { stdout, stderr }: Pick<Recording, 'stdout' | 'stderr'>,
  nextLength: () => number = () => Infinity,
): AgentEvent[] {
  const events: AgentEvent[] = [];
  for (const [bytes, stream] of [[stdout, 'out'] as const, [stderr, 'err'] as const]) {
    for (let start = 0; start < bytes.length;) {
      // A copy: what a reader is given is valid during the call only.
      const piece = Buffer.from(bytes.subarray(start, start + Math.max(1, nextLength())));
      events.push(...reader.push(piece, stream));
      start += piece.length;
      piece.fill(0x21);
    }
  }
  return [...events, ...reader.end()];
}
