import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { AgentEvent, EventReader } from '../../src/runtime/adapters/events.ts';
import type { ProcessOutcome } from '../../src/runtime/runs/processOutcome.ts';
import { toVerdict } from '../../src/runtime/runs/processOutcome.ts';

const root = join(import.meta.dirname, '../fixtures/recordings');

/** A real program's outputs, and how it ended. */
export interface CliRecording {
  readonly name: string;
  readonly stdout: Buffer;
  readonly stderr: Buffer;
  readonly exitCode: number | null;
  readonly signal: string | null;
  /** The recorder ended it, not the program itself. */
  readonly isCutOff: boolean;
}

/** All recordings of a program (a folder in `test/fixtures/recordings`). */
export function listRecordings(program: string): CliRecording[] {
  const folder = join(root, program);
  const names = readdirSync(folder).filter((name) => name.endsWith('.exit'));
  return names.map((file) => {
    const name = file.slice(0, -'.exit'.length);
    const read = (extension: string): Buffer => readFileSync(join(folder, name + extension));
    const exit = JSON.parse(read('.exit').toString()) as {
      code: number | null;
      signal: string | null;
      timedOut?: boolean;
    };
    return {
      name,
      stdout: read('.stdout'),
      stderr: read('.stderr'),
      exitCode: exit.code,
      signal: exit.signal,
      isCutOff: exit.timedOut === true,
    };
  });
}

/** All that a reader says of whole outputs. */
export function readWhole(
  reader: EventReader,
  { stdout, stderr }: Pick<CliRecording, 'stdout' | 'stderr'>,
): AgentEvent[] {
  return [...reader.push(stderr, 'err'), ...reader.push(stdout, 'out'), ...reader.end()];
}

/** How such a program's run would have ended if it had said nothing. */
export function outcomeOf({ exitCode, signal }: CliRecording): ProcessOutcome {
  const exit = { exitCode, signal };
  return { ...toVerdict({ kind: 'exit' }, exit), ...exit, stdoutExcerpt: '', stderrExcerpt: '', logBytes: 0 };
}

/** Compares events with those on file; with UPDATE_EVENTS=1 it writes them instead. */
export function assertEvents(program: string, name: string, events: readonly AgentEvent[]): void {
  const file = join(root, program, `${name}.events.jsonl`);
  const text = events.map((event) => `${JSON.stringify(event)}\n`).join('');
  if (process.env['UPDATE_EVENTS'] === '1') writeFileSync(file, text);
  assert.ok(existsSync(file), `${file} is missing: run with UPDATE_EVENTS=1 and read what it writes`);
  assert.deepEqual(text.split('\n'), readFileSync(file, 'utf8').split('\n'));
}
