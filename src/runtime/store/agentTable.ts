import { builtInAdapter, builtInTalk, endurance, type AgentDefinition } from '../definition.ts';
import type { RunStatus } from '../model.ts';
import type { Row } from './database.ts';
import type { Reader, Writer } from './store.ts';

/** What a person made of an agent, or it of itself (`tripped`: the loop breaker paused it); whether it runs follows from its runs. */
export type AgentState = 'active' | 'paused' | 'tripped' | 'terminated';

export interface AgentRow {
  readonly key: string;
  /** Its place in the configuration file. */
  readonly position: number;
  /** The definition in force; one that was never accepted is kept too, so that it can be shown. */
  readonly definition: AgentDefinition;
  readonly fingerprint: string;
  /** False until a definition was accepted: nothing of it may run. */
  readonly isEnforced: boolean;
  readonly state: AgentState;
  readonly stateReason: string | null;
  /** True while the configuration file does not have it; its state comes back with it. */
  readonly isAbsent: boolean;
  readonly nextHeartbeatAt: number | null;
  /** Epoch ms from which its interval counts. */
  readonly anchorAt: number;
  readonly lastRunId: string | null;
  readonly lastRunStatus: RunStatus | null;
  readonly lastRunAt: number | null;
}

const columns =
  'key, position, definition, fingerprint, is_enforced, state, state_reason, is_absent, next_heartbeat_at, anchor_at, last_run_id, last_run_status, last_run_at';

export function listAgents(reader: Reader): AgentRow[] {
  return reader.all(`SELECT ${columns} FROM agent ORDER BY position, key`).map(fromRow);
}

export function findAgent(reader: Reader, key: string): AgentRow | undefined {
  const row = reader.get(`SELECT ${columns} FROM agent WHERE key = ?`, [key]);
  return row && fromRow(row);
}

/** Adds an agent or replaces its definition; its state and history stay. */
export function putAgentDefinition(
  writer: Writer,
  agent: Pick<AgentRow, 'key' | 'position' | 'definition' | 'fingerprint' | 'isEnforced' | 'anchorAt'>,
): void {
  writer.run(
    `INSERT INTO agent (key, position, definition, fingerprint, is_enforced, state, anchor_at) VALUES (?, ?, ?, ?, ?, 'active', ?)
     ON CONFLICT (key) DO UPDATE SET position = excluded.position, definition = excluded.definition,
       fingerprint = excluded.fingerprint, is_enforced = excluded.is_enforced, is_absent = 0`,
    [
      agent.key,
      agent.position,
      JSON.stringify(agent.definition),
      agent.fingerprint,
      agent.isEnforced ? 1 : 0,
      agent.anchorAt,
    ],
  );
}

/** Notes that the file has the agent, at a place, while another definition of it is in force. */
export function setAgentPosition(writer: Writer, key: string, position: number): void {
  writer.run('UPDATE agent SET position = ?, is_absent = 0 WHERE key = ?', [position, key]);
}

export function markAgentAbsent(writer: Writer, key: string): void {
  writer.run('UPDATE agent SET is_absent = 1 WHERE key = ?', [key]);
}

export function setAgentState(writer: Writer, key: string, state: AgentState, reason: string | null): void {
  writer.run('UPDATE agent SET state = ?, state_reason = ? WHERE key = ?', [state, reason, key]);
}

export function setNextHeartbeat(writer: Writer, key: string, at: number | null): void {
  writer.run('UPDATE agent SET next_heartbeat_at = ? WHERE key = ?', [at, key]);
}

export function setLastRun(writer: Writer, key: string, run: { id: string; status: RunStatus; at: number }): void {
  writer.run('UPDATE agent SET last_run_id = ?, last_run_status = ?, last_run_at = ? WHERE key = ?', [
    run.id,
    run.status,
    run.at,
    key,
  ]);
}

/** Plans nothing for any agent: their schedules count from now. */
export function clearNextHeartbeats(writer: Writer): void {
  writer.run('UPDATE agent SET next_heartbeat_at = NULL WHERE next_heartbeat_at IS NOT NULL');
}

/** Takes the right to run from an agent's definition until it is accepted again. */
export function revokeEnforcement(writer: Writer, key: string): void {
  writer.run('UPDATE agent SET is_enforced = 0 WHERE key = ?', [key]);
}

/** Forgets what an agent's last run was. */
export function clearLastRun(writer: Writer, key: string): void {
  writer.run('UPDATE agent SET last_run_id = NULL, last_run_status = NULL, last_run_at = NULL WHERE key = ?', [key]);
}

export function deleteAgent(writer: Writer, key: string): void {
  writer.run('DELETE FROM agent WHERE key = ?', [key]);
}

/** A definition that was stored before these settings existed goes on without them. */
function readDefinition(json: string): AgentDefinition {
  const stored = JSON.parse(json) as AgentDefinition;
  const heartbeat: AgentDefinition['heartbeat'] = { ...withoutTimes, ...stored.heartbeat };
  return {
    ...{ namedHeartbeats: [], provider: null, providerSlots: null },
    ...endurance,
    ...builtInTalk,
    ...builtInAdapter,
    ...stored,
    heartbeat,
  };
}

const withoutTimes = { catchUp: 'skip', quietHours: null, skipWhenIdle: false, onlyIf: [] } as const;

function fromRow(row: Row): AgentRow {
  return {
    key: row[0] as string,
    position: row[1] as number,
    definition: readDefinition(row[2] as string),
    fingerprint: row[3] as string,
    isEnforced: row[4] === 1,
    state: row[5] as AgentState,
    stateReason: row[6] as string | null,
    isAbsent: row[7] === 1,
    nextHeartbeatAt: row[8] as number | null,
    anchorAt: row[9] as number,
    lastRunId: row[10] as string | null,
    lastRunStatus: row[11] as RunStatus | null,
    lastRunAt: row[12] as number | null,
  };
}
