import type { AgentDefinition } from '../definition.ts';
import type { Issue, WakeSource } from '../model.ts';
import type { EventReader } from './events.ts';

/** What one run is for; the same for every adapter. */
export interface RunRequest {
  readonly runId: string;
  readonly agentKey: string;
  readonly taskKey: string;
  /** Which run of its session this is, counted from 1; 1 = start afresh. */
  readonly sessionRun: number;
  readonly source: WakeSource;
  /** Why the agent was woken, in a person's words. */
  readonly reason: string;
  readonly issue: Issue | null;
  /** Everything the agent is told: why it was woken, the issue, the comments. */
  readonly prompt: string;
  /** Absolute. */
  readonly workspaceFolder: string;
  /** What every run of this machine gets, before the definition and Reveille add theirs. */
  readonly baseEnvironment: Readonly<Record<string, string>>;
}

/** A program to start, complete: its driver adds nothing. */
export interface ProcessPlan {
  readonly kind: 'process';
  /** A program name looked up on the PATH of `env`, or an absolute path; with `shell` a whole command line. */
  readonly file: string;
  readonly args: readonly string[];
  readonly shell: boolean;
  /** Absolute. */
  readonly cwd: string;
  /** The whole environment of the program. */
  readonly env: Readonly<Record<string, string>>;
  /** Written to standard input, which is closed then; null = nothing to read. */
  readonly stdin: string | null;
  /** True: standard input stays open after that, for answers. */
  readonly keepsInput?: boolean;
}

/** What to execute for a run; each kind has a driver of its own. */
export type Plan = ProcessPlan;

/** How agents of one type are driven. Pure: it decides, drivers act. */
export interface Adapter {
  readonly type: AgentDefinition['adapter'];
  plan(definition: AgentDefinition, request: RunRequest): Plan;
  /** A reader of one run's outputs; null if its program tells nothing. */
  read(definition: AgentDefinition): EventReader | null;
}
