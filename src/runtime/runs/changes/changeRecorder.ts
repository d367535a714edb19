import { createHash } from 'node:crypto';
import { mkdirSync, realpathSync } from 'node:fs';
import * as path from 'node:path';
import type { Clock } from '../../clock.ts';
import { toError } from '../../errors.ts';
import type { Disposable } from '../../lifecycle.ts';
import type { Logger } from '../../log.ts';
import type { ChangeGap, ChangeNote, RunChanges } from '../../model.ts';
import { parseBlobs, type ChangedFile } from './changedFiles.ts';
import { findGit, Git, GitTimeout } from './git.ts';
import { readHead } from './gitHead.ts';
import { changesDirectory, readKeptChanges, writeKeptChanges, type KeptChanges } from './keptChanges.ts';
import { prepareShadow } from './shadowRepository.ts';
import { TreeSnapshots, type TreeSnapshot } from './treeSnapshot.ts';
import { readUserExcludes } from './userExcludes.ts';
import { findWorkingTree, type WorkingTree } from './workingTree.ts';

export interface ChangeRecorderOptions {
  /** Real path. */
  readonly workspaceFolder: string;
  /** Holds our own index and objects of each working tree; made when it is needed. */
  readonly directory: string;
  readonly logsDirectory: string;
  /** Directories of our own that never count as changes. */
  readonly ownDirectories: readonly string[];
  readonly baseEnvironment: Readonly<Record<string, string>>;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** A run whose changes are watched. */
export interface Recording extends Disposable {
  /** Finds out what has changed since, and keeps it. Never rejects. */
  finish(): Promise<RunChanges>;
  /** Gives it up: the run did not start. */
  dispose(): void;
}

/** What was found at a glance, or why nothing was. */
export type Glimpse = { readonly value: string } | { readonly gap: ChangeGap };

interface Watched {
  readonly snapshots: TreeSnapshots;
  readonly recordings: Set<{ isShared: boolean }>;
  /** Recordings since its objects were last pruned. */
  sincePrune: number;
}

/** Longest that a start or an end waits for a snapshot, in milliseconds. */
const limitMs = 10_000;
const pruneEvery = 20;
/** How long a directory counts as being in no repository once that was found, in milliseconds: many short runs ask the same. */
const noRepositoryMs = 2000;

/** Records what runs change in working trees. */
export class ChangeRecorder {
  readonly #options: ChangeRecorderOptions;
  readonly #watched = new Map<string, Watched>();
  /** Directories in no repository, and when (monotonic) that was found. */
  readonly #withoutRepository = new Map<string, number>();
  #git: Promise<Git | null> | undefined;
  #userExcludes: Promise<string> | undefined;

  constructor(options: ChangeRecorderOptions) {
    this.#options = options;
  }

  /** Notes how the working tree is before a run starts in `cwd`. Resolves within 10 s; never rejects. */
  async begin(runId: string, cwd: string): Promise<Recording> {
    const { clock, workspaceFolder } = this.#options;
    const foundAt = this.#withoutRepository.get(cwd);
    if (foundAt !== undefined && clock.monotonic() - foundAt < noRepositoryMs) return unknown('no_repository');
    try {
      const tree = await findWorkingTree(cwd, workspaceFolder);
      this.#withoutRepository.delete(cwd);
      if (tree === null) {
        this.#withoutRepository.set(cwd, clock.monotonic());
        return unknown('no_repository');
      }
      const git = await this.#findGit();
      if (git === null) return unknown('no_git');
      return await this.#begin(runId, { git, tree }, clock.monotonic() + limitMs);
    } catch (error) {
      return this.#fail(runId, error);
    }
  }

  /** The commit that HEAD of a directory's repository resolves to, or why it is not known. Never rejects. */
  async readHead(cwd: string): Promise<Glimpse> {
    try {
      const tree = await findWorkingTree(cwd, this.#options.workspaceFolder);
      if (tree === null) return { gap: 'no_repository' };
      const head = await readHead(tree);
      return head === null ? { gap: 'failed' } : { value: head };
    } catch (error) {
      return this.#glimpseFailed(cwd, error);
    }
  }

  /** An id of the content of a directory's working tree, as a run's changes see it, or why it is not known. Within 10 s; never rejects. */
  async readTree(cwd: string): Promise<Glimpse> {
    try {
      const deadline = this.#options.clock.monotonic() + limitMs;
      const tree = await findWorkingTree(cwd, this.#options.workspaceFolder);
      if (tree === null) return { gap: 'no_repository' };
      const git = await this.#findGit();
      if (git === null) return { gap: 'no_git' };
      const watched = this.#watch({ git, tree });
      const { id } = await watched.snapshots.take(deadline, watched.recordings.size === 0);
      this.#pruneIfDue(watched);
      return { value: id };
    } catch (error) {
      return this.#glimpseFailed(cwd, error);
    }
  }

  /** True while a run is watched in a working tree. */
  isBusy(root: string): boolean {
    return [...this.#watched].some(([key, { recordings }]) => key.split('\0')[0] === root && recordings.size > 0);
  }

  /** What is kept of the changes of a run; null if nothing is. @throws the system error */
  find(runId: string): Promise<KeptChanges | null> {
    return readKeptChanges(changesDirectory(this.#options.logsDirectory, runId));
  }

  /** What is kept of the content of files of a run, by blob. @throws Error if it is more than `maxBytes`, or cannot be read */
  async read(runId: string, blobs: readonly string[], maxBytes: number): Promise<Map<string, Buffer>> {
    const { clock, logsDirectory, directory } = this.#options;
    const git = await this.#findGit();
    if (git === null) throw new Error('git was not found.');
    const gitDirectory = path.join(directory, 'reader');
    await prepareShadow(gitDirectory, null);
    const { stdout } = await git.run({
      workTree: gitDirectory,
      gitDirectory,
      args: ['cat-file', '--batch'],
      input: blobs.map((blob) => `${blob}\n`).join(''),
      env: { GIT_OBJECT_DIRECTORY: changesDirectory(logsDirectory, runId) },
      deadline: clock.monotonic() + limitMs,
      maxBytes: maxBytes + blobs.length * 64,
    });
    return parseBlobs(stdout);
  }

  async #begin(runId: string, place: { git: Git; tree: WorkingTree }, deadline: number): Promise<Recording> {
    const watched = this.#watch(place);
    const recording = { isShared: watched.recordings.size > 0 };
    for (const other of watched.recordings) other.isShared = true;
    watched.recordings.add(recording);
    try {
      const before = await watched.snapshots.take(deadline, watched.recordings.size === 1);
      const dispose = (): void => {
        watched.recordings.delete(recording);
      };
      const finish = async (): Promise<RunChanges> => {
        try {
          const kept = { runId, root: place.tree.root, before, isShared: () => recording.isShared };
          return await this.#finish(watched.snapshots, kept);
        } catch (error) {
          return await this.#fail(runId, error).finish();
        } finally {
          dispose();
          this.#pruneIfDue(watched);
        }
      };
      return { finish, dispose };
    } catch (error) {
      watched.recordings.delete(recording);
      throw error;
    }
  }

  async #finish(
    snapshots: TreeSnapshots,
    { runId, root, before, isShared }: { runId: string; root: string; before: TreeSnapshot; isShared: () => boolean },
  ): Promise<RunChanges> {
    const { clock, logsDirectory } = this.#options;
    const deadline = clock.monotonic() + limitMs;
    const after = await snapshots.take(deadline, false);
    const files = (await snapshots.compare(before.id, after.id, deadline)).filter(
      ({ path: name }) => !before.nested.some((folder) => name.startsWith(`${folder}/`)),
    );
    if (files.length > 0) {
      const directory = changesDirectory(logsDirectory, runId);
      await snapshots.keep(files, directory, deadline);
      await writeKeptChanges(directory, { root, trees: [before.id, after.id], files });
    }
    const notes: ChangeNote[] = [
      ...(isShared() ? (['overlap'] as const) : []),
      ...(before.isPartial || after.isPartial ? (['unreadable'] as const) : []),
      ...(before.nested.length + after.nested.length > 0 ? (['nested'] as const) : []),
    ];
    return summarize(files, notes);
  }

  #watch({ git, tree }: { git: Git; tree: WorkingTree }): Watched {
    const { directory, ownDirectories, baseEnvironment, clock } = this.#options;
    const key = `${tree.root}\0${tree.scope}`;
    const known = this.#watched.get(key);
    if (known) return known;
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    const snapshots = new TreeSnapshots({
      git,
      tree,
      directory: path.join(directory, createHash('sha256').update(key).digest('hex').slice(0, 16)),
      without: ownDirectories.map((own) => realpathSync(own)),
      userExcludes: () =>
        (this.#userExcludes ??= readUserExcludes(git, directory, baseEnvironment, clock.monotonic() + limitMs)),
    });
    const watched: Watched = { snapshots, recordings: new Set(), sincePrune: 0 };
    this.#watched.set(key, watched);
    return watched;
  }

  #pruneIfDue(watched: Watched): void {
    watched.sincePrune += 1;
    if (watched.sincePrune < pruneEvery || watched.recordings.size > 0) return;
    watched.sincePrune = 0;
    watched.snapshots.prune(this.#options.clock.monotonic() + limitMs).catch((error: unknown) => {
      this.#options.logger.warn('Old snapshots could not be removed', toError(error).message);
    });
  }

  #findGit(): Promise<Git | null> {
    const { baseEnvironment, clock } = this.#options;
    this.#git ??= findGit(process.platform, baseEnvironment).then((file) =>
      file === null ? null : new Git(file, clock, baseEnvironment),
    );
    return this.#git;
  }

  #glimpseFailed(cwd: string, error: unknown): Glimpse {
    if (error instanceof GitTimeout) return { gap: 'too_slow' };
    this.#options.logger.warn('A working tree could not be looked at', cwd, toError(error).message);
    return { gap: 'failed' };
  }

  #fail(runId: string, error: unknown): Recording {
    if (error instanceof GitTimeout) return unknown('too_slow');
    this.#options.logger.warn('The changes of a run could not be recorded', runId, toError(error).message);
    return unknown('failed');
  }
}

function unknown(gap: ChangeGap): Recording {
  return { finish: () => Promise.resolve({ kind: 'unknown', gap }), dispose: () => undefined };
}

function summarize(files: readonly ChangedFile[], notes: readonly ChangeNote[]): RunChanges {
  const sum = (count: (file: ChangedFile) => number | null): number =>
    files.reduce((total, file) => total + (count(file) ?? 0), 0);
  return {
    kind: 'recorded',
    files: files.length,
    addedLines: sum((file) => file.addedLines),
    removedLines: sum((file) => file.removedLines),
    notes,
  };
}
