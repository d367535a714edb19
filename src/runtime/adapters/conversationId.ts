/** What names a conversation of a program or server of one's own: it goes through an environment variable and JSON, and is shown. */
export const conversationId = /^[\w.:@/+=-]{1,200}$/;

/** The name of a conversation, if it is one; null for anything else. Never throws. */
export function toConversationId(said: unknown): string | null {
  return typeof said === 'string' && conversationId.test(said) ? said : null;
}
