import type { AdapterType, AgentDefinition } from '../definition.ts';
import type { Issue, SessionParams, WakeSource } from '../model.ts';
import type { EventReader } from './events.ts';

/** What one run is for; the same for every adapter. */
export interface RunRequest {
  readonly runId: string;
  readonly agentKey: string;
  readonly taskKey: string;
  /** The conversation to go on with, as the adapter's codec let it through; null = begin one. */
  readonly session: SessionParams | null;
  /** Which run of its session this is, counted from 1. */
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
  /** The values of the secrets that the definition names, by name; complete. */
  readonly secrets: Readonly<Record<string, string>>;
  /** Absolute: a directory of this run alone, for files of its plan; exists only while the program runs. */
  readonly runDirectory: string;
}

/** A file that a program needs for its run: readable by its user only, and gone when the run has ended. */
export interface PlanFile {
  /** A plain name, in the directory of the run. */
  readonly name: string;
  readonly content: string;
}

/** A program to start, complete: its driver adds nothing. */
interface Program {
  /** A program name looked up on the PATH of `env`, or an absolute path; with `shell` a whole command line. */
  readonly file: string;
  readonly args: readonly string[];
  readonly shell: boolean;
  /** Absolute. */
  readonly cwd: string;
  /** The whole environment of the program. */
  readonly env: Readonly<Record<string, string>>;
  /** Made before it starts, in `RunRequest.runDirectory`. */
  readonly files?: readonly PlanFile[];
}

/** Runs by itself. */
export interface ProcessPlan extends Program {
  readonly kind: 'process';
  /** Written to standard input, which is closed then; null = nothing to read. */
  readonly stdin: string | null;
}

/** Is spoken with: standard input stays open for what people answer. */
export interface DuplexPlan extends Program {
  readonly kind: 'duplex';
  /** Written to standard input first. */
  readonly stdin: string;
}

/** What starts a program of this machine. */
export type ProgramPlan = ProcessPlan | DuplexPlan;

/** A server that is asked to do the work. */
export interface HttpPlan {
  readonly kind: 'http';
  readonly method: 'POST';
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** Milliseconds between two looks at a run that the server goes on with. */
  readonly pollMs: number;
}

/** What to execute for a run; each kind has a driver of its own in `runs/`. */
export type Plan = ProcessPlan | DuplexPlan | HttpPlan;

/** What agents of a type can be relied on for. */
export interface Capabilities {
  /** Whether a later run can go on with the conversation of an earlier one. */
  readonly resume: boolean;
  /** How finely it says what it uses: as each answer of the model comes, once at the end, or not at all. */
  readonly usage: 'perMessage' | 'perRun' | 'none';
  /** `asked`: a person can be asked while it works; `fixed`: what it may do is settled before; `none`: it knows no permissions. */
  readonly permissions: 'asked' | 'fixed' | 'none';
  /** How it is asked to end: a signal to its processes, or a request to its server. */
  readonly stop: 'signal' | 'request';
  /** What success takes: a result that says so, or an exit code (a status) alone. */
  readonly success: 'result' | 'exit';
}

/** Turns what is stored of a conversation into what a plan needs, and into what a person sees. */
export interface SessionCodec {
  /** Checks what was stored or reported; null if nothing can be resumed from it. Never throws. */
  parse(stored: unknown): SessionParams | null;
  /** What names the conversation for a person, and in the program's own commands. */
  displayId(params: SessionParams): string;
}

/** One thing that is known about an agent's set-up, and what to do about it if it is not right. */
export interface Finding {
  readonly id: string;
  readonly level: 'ok' | 'warning' | 'error';
  readonly text: string;
  /** What to do; null if nothing has to be done. */
  readonly fix: string | null;
}

/** A short command of the agent's program that tells something about its set-up, and what its outcome means. */
export interface Probe {
  readonly id: string;
  readonly args: readonly string[];
  judge(outcome: { readonly exitCode: number | null; readonly stdout: string; readonly stderr: string }): Finding;
}

/** What can be checked of a definition: without doing anything, and by asking its program. */
export interface Check {
  readonly findings: readonly Finding[];
  readonly probes: readonly Probe[];
}

/**
 * The books that an agent's program keeps of its own conversations, for what it did not live to tell: where they lie, and how
 * they are read. Whoever reads the files is in `runs/`.
 */
export interface SessionBooks {
  /** True: they are read while the program runs, because it tells less. */
  readonly isFollowed: boolean;
  /** Where to look, from the environment of the run; null if that cannot be said. */
  locate(
    session: SessionParams,
    place: { readonly env: Readonly<Record<string, string>>; readonly cwd: string },
  ): {
    /** Absolute. */
    readonly folder: string;
    /** Levels of folders below it to look into; 0 = none. */
    readonly depth: number;
    /** Whether a file, by its plain name, is the one. */
    isBook(name: string): boolean;
  } | null;
  /**
   * Reads such a file from its beginning, or, where that would be too much (`isWhole` false), from somewhere in it; tells of what
   * was written at `since` (epoch ms) or later.
   */
  read(since: number, isWhole: boolean): EventReader;
}

/** How agents of one type are driven. Pure: it decides, drivers act. */
export interface Adapter {
  readonly type: AdapterType;
  capabilities(definition: AgentDefinition): Capabilities;
  check(definition: AgentDefinition): Check;
  plan(definition: AgentDefinition, request: RunRequest): Plan;
  /** A reader of one run's outputs; null if its program tells nothing. `asked`: the conversation that it was to go on with. */
  read(definition: AgentDefinition, asked?: SessionParams | null): EventReader | null;
  /** Whether a line of standard output belongs in the log, told by its first bytes (at most 64); without it all do. */
  readonly isLogged?: (lineStart: Uint8Array) => boolean;
  readonly codec: SessionCodec;
  /** What can be read after a run was lost or killed; null if its program keeps no books. */
  readonly books: SessionBooks | null;
}
