import { join } from 'node:path';
import type { Run } from '../../src/runtime/model.ts';

const program = join(import.meta.dirname, '../fixtures/agents/fakeCodex.mjs');

/** An agent `codex` that replays what was recorded of the real one; its books lie below `home`. */
export function fakeCodexAgents(home: string, more = ''): string {
  return `
agents:
  codex:
    adapter: codex_local
    command: ${JSON.stringify(program)}
    env: { CODEX_HOME: ${JSON.stringify(home)} }
    graceSec: 1
${more}`;
}

/** What a run was charged of the recorded model: input, cached, cache write and output tokens. */
export function chargeOf({ usage }: Pick<Run, 'usage'>): number[] | null {
  const [model, ...others] = usage?.models ?? [];
  if (model === undefined) return null;
  if (others.length > 0) throw new Error('It was charged for more than one model.');
  return [model.inputTokens, model.cachedTokens, model.cacheWriteTokens, model.outputTokens];
}
