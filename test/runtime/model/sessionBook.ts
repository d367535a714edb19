import {
  decideRestart,
  decideSession,
  type SessionQuestion,
  type SessionStart,
} from '../../../src/runtime/runs/sessions.ts';
import { decideSessionEnd } from '../../../src/runtime/runs/sessionEnd.ts';
import type { Settlement } from '../../../src/runtime/store/runTable.ts';
import type { ClaimedRun } from '../../../src/runtime/wakeups/queue.ts';

/** A session as a careful clerk would keep it. */
interface Kept {
  /** The conversation; null if there is nothing to go on with. */
  readonly id: string | null;
  readonly runs: number;
  /** The next conversation has to be told of one before it. */
  readonly isHandedOver: boolean;
}

/** A run that goes on, with the conversation that its program is in. */
interface Open {
  /** Of its session. */
  readonly key: string;
  readonly question: SessionQuestion;
  readonly start: SessionStart;
  readonly before: Kept;
  readonly id: string;
  /** Somebody reset its session meanwhile: nothing of it is to be saved. */
  isForgotten: boolean;
}

const nothing: Kept = { id: null, runs: 0, isHandedOver: false };
const withoutTask = /^(timer|assignment|on_demand|automation|schedule:.*)$/;
const codec: SessionQuestion['adapter']['codec'] = {
  parse: (stored) => (isNamed(stored) ? { id: stored.id } : null),
  displayId: ({ id = '' }) => id,
};
const adapter: SessionQuestion['adapter'] = {
  capabilities: () => ({ resume: true, usage: 'none', permissions: 'none', stop: 'signal', success: 'exit' }),
  codec,
};

/**
 * Programs with conversations, and what has to be known of those: kept by the rules that people are told, beside the engine's
 * own books and without them. What the engine does differently is answered in words.
 */
export class SessionBook {
  /** By agent, task and adapter. */
  readonly #kept = new Map<string, Kept>();
  readonly #open = new Map<string, Open>();
  #conversations = 0;

  /** A run starts, at a time in epoch ms; `isFresh`: something in its prompt asks for a new conversation. */
  begin(claimed: ClaimedRun, isFresh: boolean, now: number): string[] {
    const key = keyOf(claimed);
    const rival = [...this.#open.values()].some((one) => one.key === key);
    if (isFresh) this.#forget(taskOf(key));
    const question = { taken: claimed.session, definition: claimed.agent.definition, adapter, now };
    const start = decideSession(question);
    const before = this.#kept.get(key) ?? nothing;
    const expected = this.#expect(key, claimed.agent.definition.session.maxRuns);
    const found = [start.resumed?.sessionId ?? null, start.sessionRun, start.handover !== null];
    const id = start.resumed?.sessionId ?? this.#newId();
    this.#open.set(claimed.run.id, { key, question, start, before, id, isForgotten: false });
    return [
      ...(rival ? ['in a session that another run has'] : []),
      ...(String(found) === String(expected) ? [] : [`with the session ${String(found)}, not ${String(expected)}`]),
    ];
  }

  /** A run ends as its settlement says; answers that with what is left of its session. Its program may have to begin anew. */
  end(runId: string, settlement: Settlement): Settlement {
    const open = this.#open.get(runId);
    if (!open) return settlement;
    const { question, start, id } = open;
    this.#open.delete(runId);
    const found = { outcome: settlement, heard: { params: { id }, contextTokens: null, hasWorked: false } };
    const again = decideRestart(question, start, found);
    const anew = again?.resumed === null ? this.#newId() : null;
    const outcome = anew === null ? settlement : { ...settlement, ...succeeded };
    const heard = { ...found.heard, params: { id: anew ?? id }, hasWorked: true };
    const left = decideSessionEnd(question, { start: again ?? start, outcome, heard, totals: [] });
    if (!open.isForgotten) this.#put(open, leave(open, settlement, anew));
    return { ...outcome, ...left };
  }

  /** The conversation that the program of a run has told of. */
  conversationOf(runId: string): string | null {
    return this.#open.get(runId)?.id ?? null;
  }

  /** The runtime was killed: what had begun has left its conversation, the rest has left nothing. */
  lose(runId: string, hasBegun: boolean): void {
    const open = this.#open.get(runId);
    this.#open.delete(runId);
    if (!open || !hasBegun || open.isForgotten) return;
    const { id, before } = open;
    this.#put(open, { id, runs: id === before.id ? before.runs + 1 : 1, isHandedOver: false });
  }

  /** All sessions of an agent are reset. */
  reset(agent: string): void {
    this.#forget(`${agent}|`);
  }

  #put(open: Open, kept: Kept): void {
    this.#kept.set(open.key, kept);
  }

  #forget(prefix: string): void {
    for (const key of this.#kept.keys()) if (key.startsWith(prefix)) this.#kept.delete(key);
    for (const open of this.#open.values()) if (open.key.startsWith(prefix)) open.isForgotten = true;
  }

  /** The conversation to go on with, which of its runs it is, and whether there is something to tell of another one. */
  #expect(key: string, maxRuns: number): readonly [id: string | null, run: number, isHandedOver: boolean] {
    const { id, runs, isHandedOver } = this.#kept.get(key) ?? nothing;
    if (id !== null) return maxRuns > 0 && runs >= maxRuns ? [null, 1, true] : [id, runs + 1, false];
    const hasOther = [...this.#kept].some(([other, kept]) => other.startsWith(taskOf(key)) && kept.id !== null);
    return [null, 1, isHandedOver || hasOther];
  }

  #newId(): string {
    this.#conversations += 1;
    return `C${String(this.#conversations)}`;
  }
}

/** What a run leaves that ended like that; `anew`: the conversation that its second attempt was in. */
function leave({ id, before, start }: Open, { errorCode }: Settlement, anew: string | null): Kept {
  const isResumed = id === before.id;
  if (errorCode === 'session_lost' && isResumed) return { id: anew ?? 'another one', runs: 1, isHandedOver: false };
  if (errorCode === 'session_lost' || errorCode === 'context_full')
    return { ...nothing, isHandedOver: start.handover !== null || isResumed };
  return { id, runs: isResumed ? before.runs + 1 : 1, isHandedOver: false };
}

const succeeded = { status: 'succeeded', exitCode: 0, errorCode: null, message: null, setback: null } as const;

function keyOf({ run, agent }: ClaimedRun): string {
  const task = withoutTask.test(run.taskKey) ? 'none' : run.taskKey;
  return `${run.agent}|${task}|${agent.definition.adapter}`;
}

/** What the keys of a task have in common, whatever the adapter. */
function taskOf(key: string): string {
  return key.slice(0, key.lastIndexOf('|') + 1);
}

function isNamed(stored: unknown): stored is { readonly id: string } {
  return typeof stored === 'object' && stored !== null && 'id' in stored && typeof stored.id === 'string';
}
