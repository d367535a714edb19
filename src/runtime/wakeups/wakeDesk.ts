import { UserError } from '../errors.ts';
import { findAgent, type AgentRow } from '../store/agentTable.ts';
import { findQueuedRunOfScope, findRun, findRunningRunOfScope, type RunRow } from '../store/runTable.ts';
import type { StateTransaction, StateWriter } from '../store/stateWriter.ts';
import type { Reader, Store } from '../store/store.ts';
import type { Actor, Audit } from '../governance/audit.ts';
import type { Dispatcher } from './dispatcher.ts';
import { explainHold, explainRefusal, judge, type FolderFacts, type Verdict } from './gate.ts';
import { gatherFacts } from './gateFacts.ts';
import { maxHops, taskKeyOf, type WakeRequest } from './inbox.ts';
import type { Admission, WakeQueue } from './queue.ts';

/** The answer to a request, told once it is durable. */
export interface WakeOutcome {
  readonly wakeupId: string;
  readonly status: Admission['status'];
  readonly runId: string | null;
  /** In a person's words. */
  readonly message: string;
}

/** The one way in for every wake: from a person, a schedule or an assignment. */
export class WakeDesk {
  readonly #store: Store;
  readonly #state: StateWriter;
  readonly #queue: WakeQueue;
  readonly #dispatcher: Dispatcher;
  readonly #facts: () => FolderFacts;
  readonly #audit: Audit;

  constructor(options: {
    readonly store: Store;
    readonly state: StateWriter;
    readonly queue: WakeQueue;
    readonly dispatcher: Dispatcher;
    readonly facts: () => FolderFacts;
    readonly audit: Audit;
  }) {
    this.#store = options.store;
    this.#state = options.state;
    this.#queue = options.queue;
    this.#dispatcher = options.dispatcher;
    this.#facts = options.facts;
    this.#audit = options.audit;
  }

  /**
   * Asks that an agent run. Resolves when the request is durable and everything that may start now was started.
   * @throws UserError of kind `not_found` for an unknown agent or issue
   */
  async wake(request: WakeRequest, by: Actor): Promise<WakeOutcome> {
    const admission = this.#state.commit((transaction) => this.request(transaction, request, by));
    await this.settleRequests();
    return this.explain(admission);
  }

  /**
   * Records a request as part of the caller's transaction; call `settleRequests` after it. `hasChanged` as in `timerFacts`:
   * false if it was looked at and nothing had.
   */
  request(transaction: StateTransaction, request: WakeRequest, by: Actor, hasChanged = true): Admission {
    const agent = findAgent(transaction, request.agent);
    if (!agent) throw new UserError('not_found', `There is no agent "${request.agent}" in the configuration.`);
    const verdict = this.#judge(transaction, agent, { request, hasChanged });
    const isBeyond = (request.cause?.hops ?? 0) > maxHops;
    if (isBeyond && request.issueId !== null) transaction.touchIssue(request.issueId);
    const admission = isBeyond
      ? this.#queue.refuse(transaction, request, { reason: 'hop_limit' })
      : verdict.kind === 'refuse'
        ? this.#queue.refuse(transaction, request, verdict)
        : this.#queue.admit(transaction, request);
    if (request.source !== 'timer') this.#recordRequest(transaction, request, { by, admission });
    return admission;
  }

  /** Whether it depends on what `onlyIf` names if a scheduled heartbeat of an agent starts anything now. */
  dependsOnChange(agent: AgentRow, request: WakeRequest): boolean {
    if (agent.definition.heartbeat.onlyIf.length === 0) return false;
    const scope = [this.#store, request.agent, taskKeyOf(request)] as const;
    // It is at it already, or about to be: that tick comes to nothing whatever has changed.
    if (findQueuedRunOfScope(...scope) ?? findRunningRunOfScope(...scope)) return false;
    const [unchanged, changed] = [false, true].map((hasChanged) =>
      this.#judge(this.#store, agent, { request, hasChanged }),
    );
    return unchanged?.kind === 'refuse' && changed?.kind === 'admit';
  }

  #judge(
    reader: Reader,
    agent: AgentRow,
    { request, hasChanged }: { readonly request: WakeRequest; readonly hasChanged: boolean },
  ): Verdict {
    const question = { ...request, isForced: request.isForced ?? false, at: this.#queue.now(), hasChanged };
    return judge(gatherFacts(reader, this.#facts(), agent, question));
  }

  /** Starts what may start, and waits until everything is durable. */
  async settleRequests(): Promise<void> {
    await this.#dispatcher.dispatch();
    await this.#store.durable();
  }

  /** Says what became of a request, after `settleRequests`. */
  explain(admission: Admission): WakeOutcome {
    const { wakeupId, status, runId } = admission;
    return { wakeupId, status, runId, message: this.#describe(admission) };
  }

  /** What a timer asks for is told by the run that it makes; its ticks that make none are counted elsewhere. */
  #recordRequest(
    transaction: StateTransaction,
    { agent, source, text, issueId, isFresh = false }: WakeRequest,
    { by, admission }: { readonly by: Actor; readonly admission: Admission },
  ): void {
    const { wakeupId, status, refusal, runId } = admission;
    this.#audit.record(transaction, {
      actor: by,
      action: 'wake.requested',
      target: issueId === null ? `agent:${agent}` : `issue:${issueId}`,
      agent,
      runId,
      result: refusal !== null ? 'refused' : status === 'coalesced' ? 'coalesced' : 'accepted',
      details: { source, wakeupId, ...(isFresh && { isFresh }), ...(refusal !== null && { reason: refusal }) },
      text,
    });
  }

  #describe({ refusal, runId, isAfterRunning }: Admission): string {
    if (refusal !== null) return `Not woken: ${explainRefusal(refusal)}.`;
    if (isAfterRunning) return 'It already works on this; this is delivered when that run has ended.';
    const run = runId === null ? undefined : findRun(this.#store, runId);
    const agent = run && findAgent(this.#store, run.agent);
    return agent ? describeRun(run, agent) : 'Recorded.';
  }
}

function describeRun(run: RunRow, agent: AgentRow): string {
  if (run.status !== 'queued') return `${agent.key} was woken.`;
  if (run.heldFor === null) return `${agent.key} is queued.`;
  return `${agent.key} is queued: ${explainHold(run.heldFor)}.`;
}
