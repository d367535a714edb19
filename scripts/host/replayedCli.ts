import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const fixtures = join(import.meta.dirname, '../../test/fixtures');

/** Writes an executable file that behaves as the real `program` did in a recording, whatever it is asked. */
export function writeReplayedCli(file: string, program: 'claude' | 'codex', recording: string): void {
  const words = [
    process.execPath,
    join(fixtures, 'programs/replay.mjs'),
    join(fixtures, 'recordings', program, recording),
  ];
  writeFileSync(file, `#!/bin/sh\nexec ${words.map((word) => `'${word}'`).join(' ')} "$@"\n`);
  chmodSync(file, 0o755);
}
