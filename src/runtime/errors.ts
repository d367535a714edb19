/** What the user can do about an error; code branches on the kind, never on the message. */
export type UserErrorKind =
  | 'configuration'
  | 'consent'
  | 'trust'
  | 'not_found'
  | 'invalid'
  | 'refused'
  | 'storage'
  | 'damaged'
  | 'version'
  | 'owned_elsewhere'
  | 'unreachable';

/** An error whose message is fit to show to a person: what happened, and what to do next. */
export class UserError extends Error {
  override readonly name = 'UserError';
  readonly kind: UserErrorKind;

  constructor(kind: UserErrorKind, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.kind = kind;
  }
}

/** What an agent hears that asks for something which only people may ask for. */
export function beyondAgents(): UserError {
  return new UserError('refused', 'An agent cannot do this; a person can.');
}

/** Turns anything thrown into an `Error`, keeping one that is one already. */
export function toError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown), { cause: thrown });
}

/** The `code` of a Node system error, such as `ENOENT`; undefined for any other value. */
export function systemErrorCode(thrown: unknown): string | undefined {
  if (!(thrown instanceof Error) || !('code' in thrown)) return undefined;
  return typeof thrown.code === 'string' ? thrown.code : undefined;
}
