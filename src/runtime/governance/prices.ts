import { calcPrice, findProvider } from '@pydantic/genai-prices';
import type { AdapterType, AgentDefinition, ModelPrice } from '../definition.ts';
import type { Tokens } from './accounts.ts';
import type { ListPrice } from './charge.ts';

/** Who sells the models of an adapter's program; null = told by the model's name alone. */
const sellers: Readonly<Record<AdapterType, string | null>> = {
  process: null,
  claude_local: 'anthropic',
  codex_local: 'openai',
  http: null,
};

/** Without a count of answers, one of so many tokens is assumed: below every surcharge for long ones. */
const usualAnswer = 100_000;

/**
 * What tokens cost an agent at a time (epoch ms): by the prices of its definition, else by the list that
 * `@pydantic/genai-prices` brings along. Nothing is fetched. Surcharges for long prompts are decided by the mean answer.
 */
export function listPriceAt({ adapter, prices }: Pick<AgentDefinition, 'adapter' | 'prices'>, at: number): ListPrice {
  const seller = sellers[adapter];
  return (model, tokens, answers) => {
    if (model === '') return null;
    const own = findOwnPrice(prices, model);
    if (own !== null) return toMicros(own, tokens);
    const name = toListedName(model, seller);
    const count = Math.max(1, answers ?? Math.ceil(tokens.inputTokens / usualAnswer));
    const usage = meanOf(tokens, count);
    const price = (seller === null ? null : findListed(name, usage, seller, at)) ?? findListed(name, usage, null, at);
    return price === null ? null : price * count * 1e6;
  };
}

/** In the names of the list. */
function meanOf(tokens: Tokens, count: number): Record<string, number> {
  const { inputTokens, cachedTokens, cacheWriteTokens, outputTokens } = consistent(tokens);
  return {
    input_tokens: inputTokens / count,
    cache_read_tokens: cachedTokens / count,
    cache_write_tokens: cacheWriteTokens / count,
    output_tokens: outputTokens / count,
  };
}

/** Dollars; null if the list does not have the model. */
function findListed(model: string, usage: Record<string, number>, seller: string | null, at: number): number | null {
  try {
    const options = { timestamp: new Date(at), ...(seller !== null && { providerId: seller }) };
    return calcPrice(usage, model, options)?.total_price ?? null;
  } catch {
    // Usage that the list has no price for, such as a cache where the model has none.
    return null;
  }
}

/** Sources that are put together may say more of caches than was sent. */
function consistent(tokens: Tokens): Tokens {
  const inputTokens = Math.max(tokens.inputTokens, tokens.cachedTokens + tokens.cacheWriteTokens);
  return { ...tokens, inputTokens };
}

function toMicros(price: ModelPrice, tokens: Tokens): number {
  const { inputTokens, cachedTokens, cacheWriteTokens, outputTokens } = consistent(tokens);
  return (
    (inputTokens - cachedTokens - cacheWriteTokens) * price.input +
    cachedTokens * (price.cachedInput ?? price.input) +
    cacheWriteTokens * (price.cacheWrite ?? price.input) +
    outputTokens * price.output
  );
}

function findOwnPrice(prices: AgentDefinition['prices'], model: string): ModelPrice | null {
  const names = [model, plainName(model), withoutDate(plainName(model))];
  const found = names.find((name) => Object.hasOwn(prices, name));
  return found === undefined ? null : (prices[found] ?? null);
}

/** Without what says how large its window is (`[1m]`), and what clouds put around it (`us.anthropic.`, `-v1:0`). */
function plainName(model: string): string {
  return model
    .trim()
    .toLowerCase()
    .replace(/\[[^\]]*\]$/, '')
    .replace(/^(?:[a-z-]{2,9}\.)?anthropic\./, '')
    .replace(/-v\d+(?::\d+)?$/, '');
}

function withoutDate(model: string): string {
  return model.replace(/[-@](?:\d{8}|\d{4}-\d{2}-\d{2})$/, '');
}

/** The name in the list; an alias such as `sonnet` means the newest of its kind. */
function toListedName(model: string, seller: string | null): string {
  const name = plainName(model);
  if (seller === null || !/^[a-z]+$/.test(name)) return name;
  const pattern = new RegExp(`^claude-${name}-(\\d+)(?:-(\\d))?$`);
  const versions = (findProvider({ providerId: seller })?.models ?? []).flatMap(({ id }) => {
    const [, major, minor = '0'] = pattern.exec(id) ?? [];
    return major === undefined ? [] : [{ id, version: Number(major) * 100 + Number(minor) }];
  });
  return versions.sort((a, b) => b.version - a.version)[0]?.id ?? name;
}
