import type { AgentEvent, FailureCode } from './events.ts';

/** What claude says of why it could not go on, gathered from the last error of its model and from its result. */
export interface Complaint {
  /** `subtype` and `terminal_reason` of a result. */
  readonly subtype: string | null;
  readonly terminalReason: string | null;
  /** `error`, `api_error` and `api_error_status` of the message that it puts in the place of an answer. */
  readonly error: string | null;
  readonly apiError: string | null;
  readonly status: number | null;
  readonly stopReason: string | null;
  /** In its words. */
  readonly text: string | null;
  /** Whether the run was denied a tool. */
  readonly hasDenials: boolean;
  /** The limit of the account that was reached last, and until when (epoch ms). */
  readonly limit: { readonly name: string; readonly until: number | null } | null;
}

export const noComplaint: Complaint = {
  subtype: null,
  terminalReason: null,
  error: null,
  apiError: null,
  status: null,
  stopReason: null,
  text: null,
  hasDenials: false,
  limit: null,
};

/**
 * Which kind of failure it is, or null for one that is like no other. The fields were seen in claude 2.1.329; the texts of broken
 * conversations are those of Anthropic's Messages API for a history that it refuses, which claude passes on unless it has words of
 * its own (`tool_history_mismatch`). A picture that is refused is no such case: claude takes it out of the conversation itself.
 */
export function classify(complaint: Complaint): AgentEvent | null {
  const { text } = complaint;
  const code = toFailureCode(complaint);
  if (code !== null) return { kind: 'failure', code, message: text };
  if (isLimit(complaint)) {
    const { name, until } = complaint.limit ?? { name: complaint.apiError ?? 'rate_limit', until: null };
    return { kind: 'rateLimit', limit: name, until };
  }
  return isTransient(complaint) ? { kind: 'transientError', message: text } : null;
}

const byError: Readonly<Record<string, FailureCode>> = {
  authentication_failed: 'login_required',
  oauth_org_not_allowed: 'login_required',
  billing_error: 'credit_exhausted',
  model_not_found: 'model_unknown',
};

const lostSession =
  /^(Error: )?(No conversation found with session ID|--resume requires a valid session ID|Session .{1,80} (was )?not found)/im;
const brokenSession =
  /\bmessages(?:\.\d+\b|: )|`tool_use` ids were found without|unexpected `tool_use_id`|blocks in the latest assistant message cannot be modified|Invalid `signature` in `thinking`|Could not process image|previous_message_id/;

function toFailureCode(complaint: Complaint): FailureCode | null {
  const { error } = complaint;
  const listed = error !== null && Object.hasOwn(byError, error) ? byError[error] : undefined;
  return readReasons(complaint) ?? listed ?? readText(complaint);
}

function readReasons({ subtype, terminalReason, stopReason, hasDenials, apiError }: Complaint): FailureCode | null {
  if (subtype === 'error_max_turns' || terminalReason === 'max_turns') return 'turn_limit';
  if (terminalReason === 'prompt_too_long') return 'context_full';
  if (stopReason === 'refusal') return 'request_refused';
  if (apiError === 'tool_history_mismatch') return 'session_broken';
  return terminalReason === 'aborted_tools' && hasDenials ? 'permission_missing' : null;
}

function readText({ subtype, status, text }: Complaint): FailureCode | null {
  if (text === null) return null;
  // Told by claude itself; what the model says never stands in an error without one of these.
  if (subtype !== 'success' && lostSession.test(text)) return 'session_lost';
  return status === 400 && brokenSession.test(text) ? 'session_broken' : null;
}

function isLimit({ error, apiError, status }: Complaint): boolean {
  return error === 'rate_limit' || apiError === 'usage_limit_reached' || status === 429;
}

function isTransient({ error, apiError, status }: Complaint): boolean {
  if (status !== null) return status >= 500 || status === 408;
  return error === 'server_error' || error === 'overloaded' || apiError === 'connection_failed';
}
