import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { UsageEvent } from '../../src/runtime/adapters/events.ts';

const folder = path.resolve(import.meta.dirname, '../fixtures/recordings');

interface ClaudeModel {
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly cacheReadInputTokens: number;
  readonly cacheCreationInputTokens: number;
  readonly costUSD: number;
}

interface Line {
  readonly type: string;
  readonly message?: {
    readonly id: string;
    readonly model: string;
    readonly usage: Readonly<Record<string, number | null>>;
  };
  readonly usage?: Readonly<Record<string, number>>;
  readonly modelUsage?: Readonly<Record<string, ClaudeModel>>;
  readonly model_usage_since_last_result?: Readonly<Record<string, ClaudeModel>>;
}

export function usageEvent(part: Partial<UsageEvent>): UsageEvent {
  return {
    basis: 'run',
    id: null,
    model: null,
    inputTokens: null,
    cachedTokens: null,
    cacheWriteTokens: null,
    outputTokens: null,
    costMicros: null,
    ...part,
  };
}

/** What a recorded run of claude says of its usage: of each answer, of each result, and of its conversation. */
export function claudeUsage(recording: string): UsageEvent[] {
  return linesOf(`claude/${recording}`).flatMap((line) => {
    if (line.type === 'assistant' && line.message) return [answerOf(line.message)];
    if (line.type !== 'result') return [];
    return [
      ...modelsOf('run', line.model_usage_since_last_result ?? {}),
      ...modelsOf('session', line.modelUsage ?? {}),
    ];
  });
}

/** What a recorded run of codex says of its conversation. */
export function codexUsage(recording: string): UsageEvent[] {
  return linesOf(`codex/${recording}`).flatMap(({ type, usage }) => {
    if (type !== 'turn.completed') return [];
    const { input_tokens, cached_input_tokens, cache_write_input_tokens, output_tokens } = usage ?? {};
    const tokens = {
      inputTokens: input_tokens ?? null,
      cachedTokens: cached_input_tokens ?? null,
      cacheWriteTokens: cache_write_input_tokens ?? null,
      outputTokens: output_tokens ?? null,
    };
    return [usageEvent({ basis: 'session', ...tokens })];
  });
}

function linesOf(recording: string): Line[] {
  const text = readFileSync(path.join(folder, `${recording}.stdout`), 'utf8');
  return text
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as Line);
}

function answerOf({ id, model, usage }: NonNullable<Line['message']>): UsageEvent {
  const cachedTokens = usage.cache_read_input_tokens ?? 0;
  const cacheWriteTokens = usage.cache_creation_input_tokens ?? 0;
  const inputTokens = (usage.input_tokens ?? 0) + cachedTokens + cacheWriteTokens;
  const tokens = { inputTokens, cachedTokens, cacheWriteTokens, outputTokens: usage.output_tokens ?? null };
  return usageEvent({ basis: 'message', id, model, ...tokens });
}

function modelsOf(basis: 'run' | 'session', models: Readonly<Record<string, ClaudeModel>>): UsageEvent[] {
  return Object.entries(models).map(([model, said]) => {
    const cachedTokens = said.cacheReadInputTokens;
    const cacheWriteTokens = said.cacheCreationInputTokens;
    const inputTokens = said.inputTokens + cachedTokens + cacheWriteTokens;
    const costMicros = Math.round(said.costUSD * 1e6);
    const tokens = { inputTokens, cachedTokens, cacheWriteTokens, outputTokens: said.outputTokens };
    return usageEvent({ basis, model, ...tokens, costMicros });
  });
}
