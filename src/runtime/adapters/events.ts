import type { RunErrorCode, SessionParams } from '../model.ts';

/**
 * What a program tells while it runs, in one language for all adapters. Whatever an event says was written by an agent: it is
 * checked, cut to a bounded length, and shown as text only.
 */
export type AgentEvent =
  /** What it is at, in a line. */
  | { readonly kind: 'progress'; readonly text: string }
  /** The conversation that it is in; a later one takes the place of an earlier one. */
  | { readonly kind: 'session'; readonly params: SessionParams }
  /** What its model says, and thinks. */
  | { readonly kind: 'message'; readonly text: string }
  | { readonly kind: 'thinking'; readonly text: string }
  /** `input` as JSON or text. */
  | { readonly kind: 'toolCall'; readonly id: string; readonly name: string; readonly input: string }
  | { readonly kind: 'toolResult'; readonly id: string; readonly isError: boolean; readonly text: string }
  | { readonly kind: 'fileChange'; readonly path: string; readonly change: 'added' | 'changed' | 'deleted' }
  /** Something that whoever reads the transcript should know, such as a server of tools that is not there. */
  | { readonly kind: 'notice'; readonly text: string }
  /**
   * It tries again by itself, after something that may pass. `delayMs`: what it waits before, if it says so; `limit`: the provider's
   * limit that stands in its way, left out for a fault.
   */
  | {
      readonly kind: 'retrying';
      readonly attempt: number;
      readonly of: number | null;
      readonly message: string;
      readonly delayMs?: number | null;
      readonly limit?: string;
    }
  | { readonly kind: 'usage'; readonly usage: UsageEvent }
  /** How much its conversation holds, in tokens. */
  | { readonly kind: 'context'; readonly tokens: number }
  /** A provider's limit stands in its way, until a time (epoch ms) if that is known. `isFinal` as of a failure. */
  | { readonly kind: 'rateLimit'; readonly limit: string; readonly until: number | null; readonly isFinal?: boolean }
  /** It cannot go on because of a fault that passes. `isFinal` as of a failure. */
  | { readonly kind: 'transientError'; readonly message: string | null; readonly isFinal?: boolean }
  /** It cannot go on, and another try as it is would end the same way. */
  | FailureEvent
  | ResultEvent
  /** It waits for a person's answer. */
  | QuestionEvent
  /** What was not understood: only the log has it. `text` is the line as far as a person may want to see it. */
  | {
      readonly kind: 'raw';
      readonly reason: 'too_long' | 'malformed' | 'unknown' | 'text';
      readonly text?: string;
    };

/** Why a program could not do its work, as its adapter tells it apart. */
export type FailureCode = Extract<
  RunErrorCode,
  | 'login_required'
  | 'session_lost'
  | 'session_broken'
  | 'context_full'
  | 'turn_limit'
  | 'model_unknown'
  | 'credit_exhausted'
  | 'request_refused'
  | 'permission_missing'
>;

export interface FailureEvent {
  readonly kind: 'failure';
  readonly code: FailureCode;
  /** In the program's words; null if it has none. */
  readonly message: string | null;
  /** True: its program goes on trying in vain, and is better ended. */
  readonly isFinal?: boolean;
}

/** How it came out, as the program says itself. */
export interface ResultEvent {
  readonly kind: 'result';
  readonly status: 'succeeded' | 'failed';
  readonly message: string | null;
  /** Whether it changed anything; null if it does not say. */
  readonly hasChanged: boolean | null;
  /** Model calls; null or left out if it does not say. */
  readonly turns?: number | null;
}

export interface QuestionEvent {
  readonly kind: 'question';
  /** As the program calls it: unique within its run. */
  readonly id: string;
  readonly text: string;
  readonly choices: readonly string[];
}

/**
 * Tokens and cost; null where it does not say. `basis` says what the numbers are of:
 * `message`: one answer of a model (`id` names it: told again, the later numbers take the place of the earlier);
 * `run`: a part of the run (parts are added up); `session`: the conversation from its very beginning.
 */
export interface UsageEvent {
  readonly basis: 'message' | 'run' | 'session';
  readonly id: string | null;
  readonly model: string | null;
  /** All that was sent, with what came from or went into a cache. */
  readonly inputTokens: number | null;
  /** Of these, read from a cache. */
  readonly cachedTokens: number | null;
  /** Of these, written to a cache. */
  readonly cacheWriteTokens: number | null;
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
