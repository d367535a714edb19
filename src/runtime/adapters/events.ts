/**
 * What a program tells while it runs, in one language for all adapters. Whatever an event says was written by an agent: it is
 * checked, cut to a bounded length, and shown as text only.
 */
export type AgentEvent =
  /** What it is at, in a line. */
  | { readonly kind: 'progress'; readonly text: string }
  /** What it used since it last said so. */
  | { readonly kind: 'usage'; readonly usage: UsageEvent }
  /** A provider's limit stands in its way, until a time (epoch ms) if that is known. */
  | { readonly kind: 'rateLimit'; readonly limit: string; readonly until: number | null }
  /** It cannot go on because of a fault that passes. */
  | { readonly kind: 'transientError'; readonly message: string | null }
  | ResultEvent
  /** It waits for a person's answer. */
  | QuestionEvent
  /** A line that was meant to say something and does not; only the log has it. */
  | { readonly kind: 'raw'; readonly reason: 'too_long' | 'malformed' };

/** How it came out, as the program says itself. */
export interface ResultEvent {
  readonly kind: 'result';
  readonly status: 'succeeded' | 'failed';
  readonly message: string | null;
  /** Whether it changed anything; null if it does not say. */
  readonly hasChanged: boolean | null;
}

export interface QuestionEvent {
  readonly kind: 'question';
  /** As the program calls it: unique within its run. */
  readonly id: string;
  readonly text: string;
  readonly choices: readonly string[];
}

/** Tokens and cost; null where it does not say. */
export interface UsageEvent {
  readonly model: string | null;
  readonly inputTokens: number | null;
  readonly cachedTokens: number | null;
  readonly outputTokens: number | null;
  /** Integer micro-dollars. */
  readonly costMicros: number | null;
}

/** Reads one run's outputs as they come, cut anywhere. Does nothing but read, never throws, and keeps at most one line. */
export interface EventReader {
  push(bytes: Uint8Array, stream: 'out' | 'err'): readonly AgentEvent[];
  /** Both outputs have ended: what an unfinished last line says. */
  end(): readonly AgentEvent[];
}
