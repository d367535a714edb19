import * as z from 'zod/mini';
import type { UsageEvent } from './events.ts';

/** More tokens are taken for a mistake. */
const largestCount = 1e12;
const count = z.int().check(z.nonnegative(), z.lte(largestCount));
const orNull = z.catch(z._default(z.nullable(count), null), null);

const tokens = z.object({
  input_tokens: count,
  cached_input_tokens: orNull,
  cache_write_input_tokens: orNull,
  output_tokens: count,
});

/**
 * Tokens as codex writes them everywhere: `input_tokens` has those from and for the cache in it, `output_tokens` those of
 * thinking. Null for what is none. Codex tells no cost.
 */
export function readCodexUsage(found: unknown, what: Pick<UsageEvent, 'basis' | 'id' | 'model'>): UsageEvent | null {
  const parsed = tokens.safeParse(found);
  if (!parsed.success) return null;
  const { input_tokens, cached_input_tokens, cache_write_input_tokens, output_tokens } = parsed.data;
  return {
    ...what,
    inputTokens: input_tokens,
    cachedTokens: cached_input_tokens,
    cacheWriteTokens: cache_write_input_tokens,
    outputTokens: output_tokens,
    costMicros: null,
  };
}
