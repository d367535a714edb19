import { countOf, entriesOf, fieldsOf, microsOf, nameOf, type Fields } from './claudeFields.ts';
import type { AgentEvent, UsageEvent } from './events.ts';

/** Models of one result. */
const mostModels = 50;
/** Answers that stream at the same time: the main conversation's and those of subagents. */
const mostStreams = 64;

type Answer = { readonly id: string; readonly model: string | null; readonly usage: Fields };

/**
 * Follows what single answers of models use, as they stream: told when one begins, with its input, and when it ends, with all of
 * its output. Without partial messages only the beginning is known, from the finished blocks of an answer.
 */
export class ClaudeAnswers {
  /** The answer that streams now, by the tool call whose subagent it is of; '' for the main conversation. */
  readonly #streaming = new Map<string, Answer>();
  /** The last answer that was told, by the same. */
  readonly #told = new Map<string, string>();

  /** The `event` of a line `stream_event`. */
  readStreamed(event: Fields, parent: string): AgentEvent[] {
    if (event['type'] === 'message_start') return this.#begin(fieldsOf(event['message']), parent);
    const answer = this.#streaming.get(parent);
    if (event['type'] !== 'message_delta' || answer === undefined) return [];
    const usage = { ...answer.usage, ...fieldsOf(event['usage']) };
    return [{ kind: 'usage', usage: toAnswerUsage({ ...answer, usage }) }];
  }

  /** The `message` of a line `assistant`: its output is not known yet there. */
  readFinished(message: Fields, parent: string): AgentEvent[] {
    const answer = toAnswer(message);
    if (answer === null || this.#told.get(parent) === answer.id) return [];
    remember(this.#told, parent, answer.id);
    const usage = toAnswerUsage(answer);
    return [{ kind: 'usage', usage: { ...usage, outputTokens: null } }, ...toContext(usage, parent)];
  }

  #begin(message: Fields, parent: string): AgentEvent[] {
    const answer = toAnswer(message);
    if (answer === null) return [];
    remember(this.#streaming, parent, answer);
    remember(this.#told, parent, answer.id);
    const usage = toAnswerUsage(answer);
    return [{ kind: 'usage', usage }, ...toContext(usage, parent)];
  }
}

/**
 * What the part of the run used that a line `result` ends, by model. `total_cost_usd` and `modelUsage` count from the beginning of
 * the conversation, over resumes; versions that do not tell the part leave its cost unknown.
 */
export function readResultUsage(result: Fields): UsageEvent[] {
  const parts = result['model_usage_since_last_result'];
  if (typeof parts === 'object' && parts !== null) return toModelUsages(fieldsOf(parts)).map(toRunUsage);
  const [model = null, another] = Object.keys(fieldsOf(result['modelUsage']));
  const usage = toTokens(fieldsOf(result['usage']));
  if (!hasTokens(usage)) return [];
  return [{ basis: 'run', id: null, model: another === undefined ? nameOf(model) : null, ...usage, costMicros: null }];
}

/** Tokens and cost of one model, as claude adds them up. */
export interface ModelSum extends Tokens {
  readonly model: string | null;
  readonly costMicros: number | null;
}

/** The entries of a `modelUsage`. A cost that is only guessed (`costBasis` is not `list`) is none. */
export function toModelUsages(byModel: Fields): ModelSum[] {
  return entriesOf(Object.entries(byModel), mostModels).map((entry) => {
    const [model, sums] = entry as [string, unknown];
    const said = fieldsOf(sums);
    const basis = said['costBasis'];
    const tokens = toTokens({
      input_tokens: said['inputTokens'],
      cache_read_input_tokens: said['cacheReadInputTokens'],
      cache_creation_input_tokens: said['cacheCreationInputTokens'],
      output_tokens: said['outputTokens'],
    });
    const isListed = basis === undefined || basis === 'list';
    return { model: nameOf(model), ...tokens, costMicros: isListed ? microsOf(said['costUSD']) : null };
  });
}

/** The part of a run that a sum tells. */
export function toRunUsage(sum: ModelSum): UsageEvent {
  return { basis: 'run', id: null, ...sum };
}

/** What one answer of a model used, from its id and `usage`; null for what claude makes up itself. */
export function readAnswerUsage(message: Fields): UsageEvent | null {
  const answer = toAnswer(message);
  return answer === null ? null : toAnswerUsage(answer);
}

type Tokens = Pick<UsageEvent, 'inputTokens' | 'cachedTokens' | 'cacheWriteTokens' | 'outputTokens'>;

function toAnswer(message: Fields): Answer | null {
  const id = nameOf(message['id']);
  const usage = fieldsOf(message['usage']);
  // Not an answer of a model: what claude says in its place.
  if (id === null || message['model'] === '<synthetic>' || !hasTokens(toTokens(usage))) return null;
  return { id, model: nameOf(message['model']), usage };
}

function toAnswerUsage({ id, model, usage }: Answer): UsageEvent {
  return { basis: 'message', id, model, ...toTokens(usage), costMicros: null };
}

/** Anthropic's `input_tokens` leaves out what came from or went into the cache; ours is all that was sent. */
function toTokens(usage: Fields): Tokens {
  const fresh = countOf(usage['input_tokens']);
  const cachedTokens = countOf(usage['cache_read_input_tokens']);
  const cacheWriteTokens = countOf(usage['cache_creation_input_tokens']);
  const inputTokens = fresh === null ? null : fresh + (cachedTokens ?? 0) + (cacheWriteTokens ?? 0);
  return { inputTokens, cachedTokens, cacheWriteTokens, outputTokens: countOf(usage['output_tokens']) };
}

function hasTokens({ inputTokens, outputTokens }: Tokens): boolean {
  return (inputTokens ?? 0) > 0 || (outputTokens ?? 0) > 0;
}

/** Only the main conversation is one that can be gone on with. */
function toContext({ inputTokens }: UsageEvent, parent: string): AgentEvent[] {
  return parent === '' && inputTokens !== null ? [{ kind: 'context', tokens: inputTokens }] : [];
}

/** A bounded memory: the oldest goes. */
function remember<T>(memory: Map<string, T>, key: string, value: T): void {
  memory.delete(key);
  memory.set(key, value);
  const [oldest] = memory.keys();
  if (memory.size > mostStreams && oldest !== undefined) memory.delete(oldest);
}
