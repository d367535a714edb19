import type { Adapter } from '../../src/runtime/adapters/adapter.ts';
import type { AgentDefinition } from '../../src/runtime/definition.ts';
import type { RunErrorCode, SessionParams } from '../../src/runtime/model.ts';

/**
 * What the program of an agent can be told to do:
 * `works`: says all that it can, and succeeds; `noisy`: the same among lines that are not its own, one of them of 5 MB, and ends of
 * lines as on Windows; `fails`: cannot do its work, and says so; `silent`: ends well without a word; `breaks`: ends badly in the
 * middle of a line; `forgets`: works, but knows no conversation any more that it is asked to go on with; `deaf`: begins, says
 * `ready`, and does not end when it is asked to, nor does a process of its own (of a server: its run).
 */
export type Scene = 'works' | 'noisy' | 'fails' | 'silent' | 'breaks' | 'forgets' | 'deaf';

/** How a program or server was called once. */
export interface Call {
  readonly prompt: string;
  /** The conversation that it was asked to go on with. */
  readonly session: string | null;
  /** The environment of a program; null for a server. */
  readonly env: Readonly<Record<string, string>> | null;
}

/** Plays the program, or the server, of an agent. */
export interface Actor extends AsyncDisposable {
  /** The agent whose program plays this scene from now on. It needs the secret `TOKEN`. */
  define(scene: Scene): AgentDefinition;
  /** How it was called so far, oldest first. */
  calls(): readonly Call[];
}

/** What a program put out. */
export interface Output {
  readonly name: string;
  readonly stdout: Buffer;
  readonly stderr: Buffer;
}

/** An adapter, and what plays its part of the world. */
export interface ConformanceSubject {
  /** In the names of its tests. */
  readonly name: string;
  readonly adapter: Adapter;
  /** @param folder absolute; its own */
  open(folder: string): Promise<Actor>;
  /** Outputs as its program writes them, of runs that came out differently; none if it is not read. */
  readonly outputs: readonly Output[];
  /** A line that looks like its program's and is not known; null if it is not read. */
  readonly unknownLine: string | null;
  /** A conversation as its program tells of it; null if it can go on with none. */
  readonly session: SessionParams | null;
  /** Stored states that are not to be taken for a conversation, beside those that are nobody's. */
  readonly noSessions: readonly unknown[];
  /** Environment variables that it adds by itself, beside `REVEILLE_…`. */
  readonly ownVariables: readonly string[];
  /** How runs come out in which the program plays a scene. */
  readonly ends: Readonly<Record<'fails' | 'silent' | 'breaks', RunErrorCode | null>>;
  /** False: it plays no `forgets`, for it can go on with no conversation. */
  readonly canForget: boolean;
}

/** The value of the secret that agents of the kit need. */
export const secretValue = 'c0nf0rmance/secret+value=';
