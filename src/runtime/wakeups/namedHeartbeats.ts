import type { Audit, AuditAction, AuditDetails } from '../governance/audit.ts';
import type { RefusalReason, WakeupStatus } from '../model.ts';
import {
  completeHeartbeatRun,
  findHeartbeatRun,
  findOpenPart,
  insertHeartbeatPart,
  insertHeartbeatRun,
  listStrandedParts,
  setPart,
} from '../store/heartbeatTable.ts';
import type { RunRow, Settlement } from '../store/runTable.ts';
import type { Writer } from '../store/store.ts';
import { listWakeupsOfRun, type Wakeup } from '../store/wakeupTable.ts';
import type { WakeRequest } from './inbox.ts';

/** What became of a request, as the queue says it. */
export interface Evaluation {
  readonly wakeupId: string;
  readonly status: WakeupStatus;
  readonly refusal: RefusalReason | null;
  readonly runId: string | null;
}

/** A named heartbeat whose time has come. */
export interface NamedTrigger {
  /** A new id for this run of it. */
  readonly id: string;
  readonly name: string;
  /** Epoch ms. */
  readonly plannedAt: number;
  readonly at: number;
  /** As in `DueHeartbeat`. */
  readonly missed: number;
  /** What each selected agent is asked. */
  readonly requests: readonly WakeRequest[];
  /** Agents that the heartbeat names and that cannot take part: absent, removed, or not accepted. */
  readonly passedOver: readonly string[];
}

/**
 * The life of a run of a named heartbeat, recorded step by step under its id: triggered → agents selected → each one's state
 * evaluated → its run executed → logged → all completed. Each step is part of the transaction that makes it true.
 */
export class NamedHeartbeats {
  readonly #audit: Audit;

  constructor(audit: Audit) {
    this.#audit = audit;
  }

  /** Records the first three steps; `ask` puts a request before the gate. */
  trigger(writer: Writer, trigger: NamedTrigger, ask: (request: WakeRequest) => Evaluation): void {
    const { id, name, plannedAt, at, missed, requests, passedOver } = trigger;
    insertHeartbeatRun(writer, { id, name, plannedAt, triggeredAt: at });
    this.#record(writer, trigger, { action: 'heartbeat.triggered', details: { plannedAt, missed } });
    const agents = requests.map(({ agent }) => agent);
    this.#record(writer, trigger, { action: 'heartbeat.agentsSelected', details: { agents, passedOver } });
    for (const request of requests) {
      const { wakeupId, status, refusal, runId } = ask(request);
      const isAwaited = status === 'queued' && refusal === null;
      const outcome = isAwaited ? null : (refusal ?? status);
      insertHeartbeatPart(writer, { heartbeatRunId: id, agent: request.agent, wakeupId, runId: null, outcome });
      this.#record(writer, trigger, {
        action: 'heartbeat.evaluated',
        agent: request.agent,
        result: outcome ?? 'accepted',
        details: isAwaited ? { run: runId } : {},
      });
    }
    this.#completeIfDone(writer, id, at);
  }

  /** A run has claimed these wakeups. */
  noteClaimed(writer: Writer, run: RunRow, wakeups: readonly Wakeup[]): void {
    for (const { part, heartbeat } of this.#partsOf(writer, wakeups)) {
      setPart(writer, part, { runId: run.id, outcome: null });
      const details = { run: run.id };
      this.#record(writer, heartbeat, { action: 'heartbeat.executed', agent: run.agent, result: 'started', details });
    }
  }

  /** A run has settled and its wakeups have ended with it. */
  noteSettled(writer: Writer, run: RunRow, { status, logBytes, finishedAt }: Settlement): void {
    for (const { part, heartbeat } of this.#partsOf(writer, listWakeupsOfRun(writer, run.id))) {
      setPart(writer, part, { runId: run.id, outcome: status });
      const details = { run: run.id, logBytes };
      this.#record(writer, heartbeat, { action: 'heartbeat.logged', agent: run.agent, result: status, details });
      this.#completeIfDone(writer, heartbeat.id, finishedAt);
    }
  }

  /** Ends the parts that nothing else will end: of agents that were deleted, terminated or taken out of the configuration. */
  endStranded(writer: Writer, at: number): void {
    for (const part of listStrandedParts(writer)) {
      const heartbeat = findHeartbeatRun(writer, part.heartbeatRunId);
      const { agent, runId, isAgentGone } = part;
      const outcome = isAgentGone ? 'agent_removed' : 'lost';
      setPart(writer, part, { runId, outcome });
      if (!heartbeat) continue;
      this.#record(writer, heartbeat, { action: 'heartbeat.logged', agent, result: outcome, details: { run: runId } });
      this.#completeIfDone(writer, heartbeat.id, at);
    }
  }

  #partsOf(writer: Writer, wakeups: readonly Wakeup[]) {
    return wakeups.flatMap(({ id, source }) => {
      const part = source === 'timer' ? findOpenPart(writer, id) : undefined;
      const heartbeat = part && findHeartbeatRun(writer, part.heartbeatRunId);
      return heartbeat ? [{ part, heartbeat }] : [];
    });
  }

  #completeIfDone(writer: Writer, id: string, at: number): void {
    const heartbeat = findHeartbeatRun(writer, id);
    if (!heartbeat || heartbeat.parts.some(({ outcome }) => outcome === null)) return;
    completeHeartbeatRun(writer, id, at);
    const { parts, triggeredAt } = heartbeat;
    const succeeded = parts.filter(({ outcome }) => outcome === 'succeeded').length;
    const started = parts.filter(({ runId }) => runId !== null).length;
    const details = { succeeded, started, skipped: parts.length - started, durationMs: Math.max(0, at - triggeredAt) };
    const result = started === 0 ? 'skipped' : succeeded === started ? 'succeeded' : 'failed';
    this.#record(writer, heartbeat, { action: 'heartbeat.completed', result, details });
  }

  #record(
    writer: Writer,
    { id, name }: { readonly id: string; readonly name: string },
    step: {
      readonly action: AuditAction;
      readonly agent?: string;
      readonly result?: string;
      readonly details: AuditDetails;
    },
  ): void {
    this.#audit.record(writer, { actor: 'runtime', target: `heartbeat:${name}`, runId: id, ...step });
  }
}
