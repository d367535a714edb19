import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { AgentDefinition } from '../../src/runtime/definition.ts';
import { makeDefinition } from '../support/policies.ts';
import type { Actor, Call } from './conformanceSubject.ts';

/** Absolute path of a fake program under test/fixtures/agents. */
function fakeProgram(name: string): string {
  return fileURLToPath(new URL(`../fixtures/agents/${name}`, import.meta.url));
}

/** Plays an agent's program with one of test/fixtures/agents, which is the agent's `command`. */
export function openProgram(folder: string, name: string, differences: Partial<AgentDefinition>): Promise<Actor> {
  const notes = join(folder, 'calls.jsonl');
  const calls = (): Call[] => {
    if (!existsSync(notes)) return [];
    const lines = readFileSync(notes, 'utf8').trimEnd().split('\n');
    return lines.map((line) => JSON.parse(line) as Call);
  };
  return Promise.resolve({
    define: (scene) =>
      makeDefinition(folder, {
        command: fakeProgram(name),
        args: [],
        env: { FAKE_SCENE: scene, FAKE_NOTES: notes },
        secretEnv: { TOKEN: 'TOKEN' },
        ...differences,
      }),
    calls,
    [Symbol.asyncDispose]: () => Promise.resolve(),
  });
}
