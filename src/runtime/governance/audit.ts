import { randomBytes } from 'node:crypto';
import type { Clock } from '../clock.ts';
import { appendActivity, findLastKeyId, pruneActivity } from '../store/activityTable.ts';
import type { Store, Writer } from '../store/store.ts';
import type { AuditHead } from './auditHead.ts';
import type { AuditKeys } from './auditKeys.ts';

/** Who decided or did something: a person through a client, an agent, or the runtime by itself. */
export type Actor = 'runtime' | `user:${'window' | 'cli'}` | `agent:${string}`;

/** What it was done to. */
export type AuditTarget =
  | 'configuration'
  | 'everything'
  | 'runtime'
  | 'state'
  | 'audit'
  | `${'agent' | 'issue' | 'run' | 'heartbeat' | 'secret'}:${string}`;

/** Decisions and transitions; never checks that passed, nor ticks that were skipped. */
export type AuditAction =
  | 'wake.requested'
  | 'heartbeat.triggered'
  | 'heartbeat.agentsSelected'
  | 'heartbeat.evaluated'
  | 'heartbeat.executed'
  | 'heartbeat.logged'
  | 'heartbeat.completed'
  | 'heartbeat.caughtUp'
  | 'heartbeat.missed'
  | 'heartbeat.skipped'
  | 'heartbeat.changeUnknown'
  | 'clock.jumped'
  | 'run.claimed'
  | 'run.settled'
  | 'run.cancelAsked'
  | 'run.deleted'
  | 'run.undone'
  | 'run.moved'
  | 'run.stalled'
  | 'run.resumed'
  | 'question.asked'
  | 'question.answered'
  | 'question.dismissed'
  | 'question.withdrawn'
  | 'agent.paused'
  | 'agent.resumed'
  | 'agent.deleted'
  | 'agent.tripped'
  | 'agent.terminated'
  | 'limit.reached'
  | 'limit.lifted'
  | 'session.reset'
  | 'issue.created'
  | 'issue.assigned'
  | 'issue.statusSet'
  | 'issue.commented'
  | 'issue.blocked'
  | 'issue.unblocked'
  | 'issue.deleted'
  | 'configuration.accepted'
  | 'everything.stopped'
  | 'everything.released'
  | 'runtime.started'
  | 'runtime.stopped'
  | 'state.recovered'
  | 'state.continued'
  | 'state.restored'
  | 'state.adopted'
  | 'state.backedUp'
  | 'state.exported'
  | 'retention.pruned'
  | 'audit.keyChanged'
  | 'secret.set'
  | 'secret.removed';

/** Facts about what was done; nothing that a person or an agent wrote, and nothing secret. */
export type AuditDetails = Readonly<Record<string, string | number | boolean | null | readonly string[]>>;

export interface AuditEntry {
  readonly actor: Actor;
  readonly action: AuditAction;
  readonly target: AuditTarget;
  /** The agent that it is about, for finding it again. */
  readonly agent?: string | null;
  /** The run that it is about, or the run of a named heartbeat. */
  readonly runId?: string | null;
  /** How it came out; `done` if there is nothing to say. */
  readonly result?: string;
  /** Micro-dollars, once known. */
  readonly costMicros?: number | null;
  readonly details?: AuditDetails;
  /** What somebody wrote: kept beside the chain, so that it can be erased. */
  readonly text?: string | null;
}

/** After these the end of the log is rightly another one than the exported head says. */
const beginnings: ReadonlySet<AuditAction> = new Set(['state.continued', 'state.restored', 'state.adopted']);

/** A person, through a window or the command line. */
export function userActor({ kind }: { readonly kind: 'window' | 'cli' }): Actor {
  return `user:${kind}`;
}

/** Whoever asks through a client: the agent in whose run it does so, else a person. */
export function actorOf(client: {
  readonly kind: 'window' | 'cli';
  readonly run: { readonly agent: string } | null;
}): Actor {
  return client.run === null ? userActor(client) : `agent:${client.run.agent}`;
}

export interface AuditOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly keys: AuditKeys;
  /** Without one, a cut tail does not show. */
  readonly head?: Pick<AuditHead, 'noteEntry'>;
}

/** The one way to record: each entry is part of the transaction that makes it true, so neither exists without the other. */
export class Audit {
  readonly #options: AuditOptions;
  /** The key of the chain before this runtime wrote to it with one; undefined until somebody asks. */
  #chainKeyId: string | null | undefined;

  constructor(options: AuditOptions) {
    this.#options = options;
  }

  /** Records an entry as part of the caller's transaction. */
  record(writer: Writer, entry: AuditEntry): void {
    const { clock, keys, head } = this.#options;
    const text = entry.text ?? '';
    const row = appendActivity(
      writer,
      {
        at: clock.now(),
        actor: entry.actor,
        action: entry.action,
        target: entry.target,
        agent: entry.agent ?? null,
        runId: entry.runId ?? null,
        result: entry.result ?? 'done',
        costMicros: entry.costMicros ?? null,
        details: JSON.stringify(entry.details ?? {}),
        text: text === '' ? null : { value: text, salt: randomBytes(16).toString('hex') },
      },
      keys.current,
    );
    head?.noteEntry(row, beginnings.has(entry.action));
  }

  /** Takes a key (64 hex digits) that a trusted window brought; a change of the key in use is itself an entry. */
  offerKey(hex: string): void {
    const { store, keys } = this.#options;
    this.#chainKeyId ??= findLastKeyId(store);
    const former = keys.current?.id ?? this.#chainKeyId;
    if (!keys.offer(hex, this.#chainKeyId)) return;
    const current = keys.current?.id ?? null;
    if (current === former) return;
    store.transact((writer) => {
      this.record(writer, {
        actor: 'runtime',
        action: 'audit.keyChanged',
        target: 'audit',
        details: { from: former, to: current },
      });
    });
  }

  /**
   * Replaces entries below a number by the anchor, as part of the caller's transaction: at most 250 a call. Answers how many; 0
   * when nothing is left that may go. Record `retention.pruned` once after the last one.
   */
  prune(writer: Writer, beforeNumber: number): number {
    const { clock, keys } = this.#options;
    return pruneActivity(writer, { beforeNumber, at: clock.now(), key: keys.current, keyOf: keys.find });
  }
}
