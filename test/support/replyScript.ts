/**
 * What a fake model answers stands in the prompt itself, in a block that only the fake reads. So a fake keeps no state: which reply is due
 * follows from the conversation that it is sent, also after a resume, a restart or a kill of whoever talks to it.
 */

/** Tokens of one model call. `inputTokens` are those that came from no cache. */
export interface ReplyUsage {
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly cacheReadTokens: number;
  readonly cacheWriteTokens: number;
  readonly reasoningTokens: number;
}

/** The one tool call of a reply: a command for the CLI's own shell, a tool of an MCP server, or any other tool by its name. */
export type ReplyCall =
  | { readonly shell: string }
  | { readonly server: string; readonly tool: string; readonly input: object }
  | { readonly tool: string; readonly input: object };

/**
 * One answer of the model. It is sent in the order of its fields. With a `call` the conversation goes on with the next reply,
 * without one the turn ends.
 */
export interface Reply {
  /** Waits before anything is sent. */
  readonly delayMs?: number;
  /** Of the response, whether it is an answer or an error. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Instead of an answer. */
  readonly error?: { readonly status: number; readonly body: unknown };
  readonly thinking?: string;
  readonly text?: string;
  readonly call?: ReplyCall;
  /** What becomes of the stream after that: it breaks off, says nothing more for ever, or fails by an event of this kind. */
  readonly ending?: 'drop' | 'hang' | { readonly kind: string; readonly message: string };
  readonly usage?: Partial<ReplyUsage>;
  /** How every later turn of this conversation is refused, however it goes on. */
  readonly poison?: Reply;
}

export const usualUsage: ReplyUsage = {
  inputTokens: 600,
  outputTokens: 300,
  cacheReadTokens: 400,
  cacheWriteTokens: 0,
  reasoningTokens: 0,
};

const fence = /```replies\n(.*?)\n```/s;
const usualReply: Reply = { text: 'Done.' };

/** A prompt with the replies that it will get. */
export function withReplies(prompt: string, replies: readonly Reply[]): string {
  return `${prompt}\n\n\`\`\`replies\n${JSON.stringify(replies)}\n\`\`\`\n`;
}

/** A message of a conversation, whatever the protocol: what a person (or a program in their place) said, or what a tool returned. */
export type Said = { readonly kind: 'prompt'; readonly text: string } | { readonly kind: 'toolResult' };

/**
 * The reply that is due: the last prompt with replies counts, and each result of a tool since then is a step on.
 * A conversation without one, or one that goes beyond it, is answered "Done.".
 */
export function dueReply(conversation: readonly Said[]): Reply {
  let replies: readonly Reply[] = [];
  let step = 0;
  let poison: Reply | undefined;
  for (const said of conversation) {
    const found = said.kind === 'prompt' ? fence.exec(said.text)?.[1] : undefined;
    if (said.kind === 'toolResult') step += 1;
    if (found === undefined) continue;
    poison ??= replies.find((reply) => reply.poison !== undefined)?.poison;
    [replies, step] = [JSON.parse(found) as Reply[], 0];
  }
  return poison ?? replies[step] ?? usualReply;
}

/** What answers used together, as the provider of each said it at its end; those that failed or broke off used nothing. */
export function sumUsage(replies: readonly Reply[]): ReplyUsage {
  const whole = replies.filter(({ error, ending }) => error === undefined && ending === undefined);
  const add = (sum: ReplyUsage, { usage }: Reply): ReplyUsage => {
    const one = { ...usualUsage, ...usage };
    return {
      inputTokens: sum.inputTokens + one.inputTokens,
      outputTokens: sum.outputTokens + one.outputTokens,
      cacheReadTokens: sum.cacheReadTokens + one.cacheReadTokens,
      cacheWriteTokens: sum.cacheWriteTokens + one.cacheWriteTokens,
      reasoningTokens: sum.reasoningTokens + one.reasoningTokens,
    };
  };
  return whole.reduce(add, {
    inputTokens: 0,
    outputTokens: 0,
    cacheReadTokens: 0,
    cacheWriteTokens: 0,
    reasoningTokens: 0,
  });
}
