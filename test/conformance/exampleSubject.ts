import { exampleAdapter } from '../fixtures/agents/exampleAdapter.ts';
import type { ConformanceSubject, Output } from './conformanceSubject.ts';
import { openProgram } from './programActor.ts';

const output = (name: string, stdout: string): Output => ({
  name,
  stdout: Buffer.from(stdout),
  stderr: Buffer.alloc(0),
});

/** The example of docs/adapters.md. */
export const exampleSubject: ConformanceSubject = {
  name: 'of the example',
  adapter: exampleAdapter,
  open: (folder) => openProgram(folder, 'example.mjs', {}),
  outputs: [
    output('works', 'session talk-1\nsaid Hello – ü\ndone All is well ✓\n'),
    output('fails', 'session talk-2\nfailed It does not work – at all.\n'),
    output('forgets', 'lost\n'),
  ],
  unknownLine: 'sang a song',
  session: { id: 'talk-1' },
  noSessions: [{ id: 'a b' }, { id: '$(id)' }],
  ownVariables: [],
  ends: { fails: 'reported_failure', silent: 'no_result', breaks: 'exit_code' },
  canForget: true,
};
