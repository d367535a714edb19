import { readBlocks } from './claudeBlocks.ts';
import { countOf, entriesOf, fieldsOf, nameOf, textOf, uuidOf, type Fields } from './claudeFields.ts';
import { classify, noComplaint, type Complaint } from './claudeOutcome.ts';
import { ClaudeAnswers, readResultUsage } from './claudeUsage.ts';
import type { AgentEvent } from './events.ts';

const lengths = { text: 2000, name: 200 };
const mostServers = 100;
const mostDenials = 100;
/** Notices that are remembered, so that each is told once. */
const mostNotices = 1000;
/** Begins what claude says to its own developers only. */
const diagnostic = '[ede_diagnostic]';
/** Lines and kinds of `system` that say nothing a run is judged or read by. */
const silent: ReadonlySet<unknown> = new Set([
  'command_lifecycle',
  'control_request',
  'control_response',
  'control_cancel_request',
  'keep_alive',
  'tool_progress',
  'system/background_tasks_changed',
  'system/hook_progress',
  'system/hook_response',
  'system/hook_started',
  'system/model_refusal_no_fallback',
  'system/session_title_changed',
  'system/status',
  'system/task_notification',
  'system/task_progress',
  'system/task_started',
  'system/task_updated',
  'system/thinking_tokens',
  'system/ui_invalidate',
]);

/**
 * Turns what claude writes with `--output-format stream-json`, one object a line, into events. Remembers what later lines need:
 * whether the conversation is real, the last error in the place of an answer, which notices were told.
 */
export class ClaudeEvents {
  readonly #answers = new ClaudeAnswers();
  readonly #noticed = new Set<string>();
  #sessionId: string | null = null;
  /** It began to work: what it says of its conversation holds. */
  #hasBegun = false;
  #usesKey = false;
  #isRefused = false;
  #complaint: Complaint = noComplaint;
  #hasResult = false;

  /** The events of one line; null for a line of an unknown kind. */
  read(said: Fields): AgentEvent[] | null {
    switch (said['type']) {
      case 'system':
        return this.#readSystem(said);
      case 'stream_event':
        return this.#answers.readStreamed(fieldsOf(said['event']), parentOf(said));
      case 'assistant':
        return this.#readAssistant(said);
      case 'user':
        return readUser(said);
      case 'rate_limit_event':
        return this.#readLimit(fieldsOf(said['rate_limit_info']));
      case 'result':
        return this.#readResult(said);
      default:
        return silent.has(said['type']) ? [] : null;
    }
  }

  /**
   * Its outputs have ended. One that could not even begin says why on standard error only, such as a wrong flag: that stands for
   * its result then.
   */
  end(errorText: string | null): AgentEvent[] {
    const text = this.#complaint.text ?? errorText;
    if (this.#hasResult || text === null) return [];
    return [
      ...[classify({ ...this.#complaint, text })].filter((event) => event !== null),
      { kind: 'result', status: 'failed', message: text, hasChanged: null },
    ];
  }

  #readSystem(said: Fields): AgentEvent[] | null {
    switch (said['subtype']) {
      case 'init':
        return this.#readInit(said);
      case 'api_retry':
        return this.#readRetry(said);
      case 'permission_denied':
        return this.#readDenial(said, textOf(said['message'], lengths.text));
      case 'informational':
        return toNotices(textOf(said['content'], lengths.text));
      case 'compact_boundary':
        return [{ kind: 'notice', text: 'It shortened its conversation to a summary.' }];
      default:
        return silent.has(`system/${String(said['subtype'])}`) ? [] : null;
    }
  }

  /** Told again whenever it takes up another turn. */
  #readInit(said: Fields): AgentEvent[] {
    this.#hasBegun = true;
    this.#usesKey = said['apiKeySource'] === 'ANTHROPIC_API_KEY';
    const servers = entriesOf(said['mcp_servers'], mostServers).map(fieldsOf);
    const missing = servers
      .filter(({ status }) => status === 'failed' || status === 'needs-auth')
      .flatMap(({ name, status }) => this.#noticeOnce(describeServer(textOf(name, lengths.name), status)));
    return [...this.#readSession(said), ...missing];
  }

  #readSession(said: Fields): AgentEvent[] {
    const id = uuidOf(said['session_id']);
    if (!this.#hasBegun || id === null || id === this.#sessionId) return [];
    this.#sessionId = id;
    return [{ kind: 'session', params: { id } }];
  }

  #readRetry(said: Fields): AgentEvent[] {
    const status = countOf(said['error_status']);
    const error = textOf(said['error'], lengths.name) ?? 'unknown';
    const message = status === null ? error : `${error} (${String(status)})`;
    const attempt = countOf(said['attempt']) ?? 0;
    const delayMs = countOf(Math.ceil(Number(said['retry_delay_ms'] ?? NaN)));
    const told = { kind: 'retrying', attempt, of: countOf(said['max_retries']), message, delayMs } as const;
    const isLimited = status === 429 || error === 'rate_limit';
    const retrying: AgentEvent = isLimited ? { ...told, limit: this.#complaint.limit?.name ?? 'rate_limit' } : told;
    // A key does not get better by waiting; a login may be renewed meanwhile.
    if (status !== 401 || !this.#usesKey || this.#isRefused) return [retrying];
    this.#isRefused = true;
    return [retrying, { kind: 'failure', code: 'login_required', message: 'The API key was refused.', isFinal: true }];
  }

  #readAssistant(said: Fields): AgentEvent[] {
    const parent = parentOf(said);
    const message = fieldsOf(said['message']);
    const events = readBlocks(message['content']);
    if (said['is_api_error_message'] !== true) {
      if (parent === '') this.#complaint = noComplaint;
      return [...this.#answers.readFinished(message, parent), ...events];
    }
    const text = events.flatMap((event) => (event.kind === 'message' ? [event.text] : [])).join('\n');
    if (parent !== '') return toNotices(textOf(text, lengths.text));
    this.#complaint = {
      ...noComplaint,
      error: textOf(said['error'], lengths.name),
      apiError: textOf(said['api_error'], lengths.name),
      status: countOf(said['api_error_status']),
      stopReason: textOf(message['stop_reason'], lengths.name),
      text: textOf(text, lengths.text),
      limit: toLimit(fieldsOf(fieldsOf(said['api_error_params'])['rate_limit_info'])) ?? this.#complaint.limit,
    };
    return [];
  }

  #readLimit(said: Fields): AgentEvent[] {
    const limit = toLimit(said);
    if (limit === null) return [];
    const share = said['utilization'];
    if (said['status'] === 'allowed_warning' && typeof share === 'number' && share >= 0 && share <= 10) {
      const text = `${String(Math.round(share * 100))} % of a limit of its account are used: ${limit.name}.`;
      return this.#noticeOnce(text);
    }
    // With more than the plan it goes on at a price.
    if (said['status'] !== 'rejected' || said['isUsingOverage'] === true) return [];
    this.#complaint = { ...this.#complaint, limit };
    return [{ kind: 'rateLimit', limit: limit.name, until: limit.until }];
  }

  #readDenial(said: Fields, why: string | null): AgentEvent[] {
    const id = nameOf(said['tool_use_id']) ?? '';
    const tool = textOf(said['tool_name'], lengths.name) ?? 'a tool';
    return this.#noticeOnce(
      why === null ? `${tool} was not allowed.` : `${tool} was not allowed: ${why}`,
      `denied ${id}`,
    );
  }

  #readResult(said: Fields): AgentEvent[] {
    this.#hasResult = true;
    const denials = entriesOf(said['permission_denials'], mostDenials).map(fieldsOf);
    const isGood = said['is_error'] === false;
    const words = entriesOf(said['errors'], 10)
      .flatMap((error) => textOf(error, lengths.text) ?? [])
      .filter((error) => !error.startsWith(diagnostic));
    const text = textOf(said['result'], lengths.text) ?? textOf(words.join('\n'), lengths.text);
    const isInterrupted = said['terminal_reason'] === 'aborted_tools' && denials.length === 0;
    const complaint: Complaint = {
      ...this.#complaint,
      subtype: textOf(said['subtype'], lengths.name),
      terminalReason: textOf(said['terminal_reason'], lengths.name),
      apiError: textOf(said['api_error'], lengths.name) ?? this.#complaint.apiError,
      status: countOf(said['api_error_status']) ?? this.#complaint.status,
      stopReason: textOf(said['stop_reason'], lengths.name),
      text: text ?? this.#complaint.text ?? (isInterrupted ? 'It was interrupted while a tool ran.' : null),
      hasDenials: denials.length > 0,
    };
    this.#complaint = noComplaint;
    const cause = isGood ? null : classify(complaint);
    return [
      ...this.#readSession(said),
      ...readResultUsage(said).map((usage): AgentEvent => ({ kind: 'usage', usage })),
      ...denials.flatMap((denial) => this.#readDenial(denial, null)),
      ...(cause === null ? [] : [cause]),
      {
        kind: 'result',
        status: isGood ? 'succeeded' : 'failed',
        message: isGood ? text : complaint.text,
        hasChanged: null,
        turns: countOf(said['num_turns']),
      },
    ];
  }

  #noticeOnce(text: string, key = text): AgentEvent[] {
    if (this.#noticed.has(key) || this.#noticed.size >= mostNotices) return [];
    this.#noticed.add(key);
    return toNotices(text);
  }
}

/** What people's side of the conversation holds: results of tools, and what claude says to its model itself. */
function readUser(said: Fields): AgentEvent[] {
  return readBlocks(fieldsOf(said['message'])['content']).flatMap((event): AgentEvent[] => {
    if (event.kind !== 'message') return event.kind === 'toolResult' ? [event] : [];
    const isItsOwn = said['isSynthetic'] === true || event.text.startsWith('[Request interrupted');
    return isItsOwn ? toNotices(textOf(event.text, lengths.text)) : [];
  });
}

/** The tool call whose subagent a line is of; '' for the main conversation. */
function parentOf(said: Fields): string {
  return nameOf(said['parent_tool_use_id']) ?? '';
}

/** `resetsAt` is in seconds since 1970. */
function toLimit(said: Fields): Complaint['limit'] {
  const name = textOf(said['rateLimitType'], lengths.name);
  const seconds = countOf(said['resetsAt']);
  const isTime = seconds !== null && seconds <= 8.64e12;
  return name === null ? null : { name, until: isTime ? seconds * 1000 : null };
}

function toNotices(text: string | null): AgentEvent[] {
  return text === null ? [] : [{ kind: 'notice', text }];
}

function describeServer(name: string | null, status: unknown): string {
  const server = `The MCP server ${name ?? 'without a name'}`;
  return status === 'failed'
    ? `${server} could not be reached: its tools are missing.`
    : `${server} wants a login: its tools are missing.`;
}
