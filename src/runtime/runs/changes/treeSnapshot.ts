import { mkdir, readFile, rm, stat } from 'node:fs/promises';
import * as path from 'node:path';
import { parseChangedFiles, type ChangedFile } from './changedFiles.ts';
import type { Git } from './git.ts';
import { prepareShadow, put } from './shadowRepository.ts';
import { isInside, type WorkingTree } from './workingTree.ts';

/** A working tree as it was at one moment. */
export interface TreeSnapshot {
  /** Of a git tree object. */
  readonly id: string;
  /** Repositories inside it, which are left out; relative to the root. */
  readonly nested: readonly string[];
  /** True if files could not be read and are left out. */
  readonly isPartial: boolean;
}

export interface TreeSnapshotsOptions {
  readonly git: Git;
  /** Ours alone; made if it does not exist. */
  readonly directory: string;
  readonly tree: WorkingTree;
  /** Real paths that are never looked into. */
  readonly without: readonly string[];
  /** What the user ignores everywhere, in the syntax of `.gitignore`. */
  readonly userExcludes: () => Promise<string>;
}

/**
 * Takes snapshots of a working tree: untracked files included, ignored ones not unless they are tracked. Index and objects are
 * our own and stay, so that a snapshot costs what has changed since the one before; of the repository only objects are read.
 */
export class TreeSnapshots {
  readonly #options: TreeSnapshotsOptions;
  readonly #scope: readonly string[];
  /** The newest tree; null if our index may be another. */
  #newest: string | null = null;
  /** What the rules about ignored files were derived from. */
  #rules = '';
  #queue: Promise<unknown> = Promise.resolve();

  constructor(options: TreeSnapshotsOptions) {
    const { tree, without } = options;
    this.#options = options;
    const hidden = without.filter((folder) => folder !== tree.root && isInside(folder, tree.root));
    this.#scope = [
      tree.scope === '' ? ':(top)' : `:(top,literal)${tree.scope}`,
      ...hidden.map((folder) => leftOut(path.relative(tree.root, folder).split(path.sep).join('/'))),
    ];
  }

  /**
   * One at a time. With `followRules`, changed rules about ignored files are taken up: the two snapshots of a run go by the
   * same rules, else a new rule would look like a deletion.
   * @throws GitTimeout; Error
   */
  take(deadline: number, followRules: boolean): Promise<TreeSnapshot> {
    return this.#alone(() => this.#take(deadline, followRules));
  }

  /** What differs between two snapshots. @throws GitTimeout; Error */
  async compare(before: string, after: string, deadline: number): Promise<ChangedFile[]> {
    if (before === after) return [];
    const how = ['-r', '-z', '-M', '-l1000', '--raw', '--numstat', '--no-abbrev', '--no-ext-diff', '--no-textconv'];
    return parseChangedFiles(await this.#run(['diff-tree', ...how, before, after], deadline));
  }

  /** Copies the content of both sides of files into a directory of objects. @throws GitTimeout; Error */
  async keep(files: readonly ChangedFile[], objects: string, deadline: number): Promise<void> {
    const blobs = new Set(files.flatMap(({ before, after }) => [before?.blob ?? [], after?.blob ?? []].flat()));
    await mkdir(path.join(objects, 'pack'), { recursive: true, mode: 0o700 });
    await this.#run(['pack-objects', '-q', path.join(objects, 'pack', 'pack')], deadline, {
      input: [...blobs].map((blob) => `${blob}\n`).join(''),
    });
  }

  /** Drops what snapshots before the newest left behind. @throws GitTimeout; Error */
  prune(deadline: number): Promise<void> {
    return this.#alone(async () => {
      this.#newest = null;
      await this.#run(['prune', '--expire=now'], deadline);
    });
  }

  #alone<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#queue.then(work);
    this.#queue = result.catch(() => undefined);
    return result;
  }

  async #take(deadline: number, followRules: boolean): Promise<TreeSnapshot> {
    const { directory, tree } = this.#options;
    await prepareShadow(directory, tree.objects);
    // Of a git that was ended: nobody else writes here.
    await rm(path.join(directory, 'index.lock'), { force: true });
    const ruled = followRules ? await this.#readRules() : this.#rules;
    const listed = await this.#list(['-o', '-m', '-d'], deadline);
    const nested = listed.filter((name) => name.endsWith('/')).map((name) => name.slice(0, -1));
    const hasNewRules = followRules && (ruled !== this.#rules || listed.some(isRuleFile));
    if (this.#newest !== null && listed.length === nested.length && !hasNewRules) {
      return { id: this.#newest, nested, isPartial: false };
    }
    this.#newest = null;
    if (hasNewRules) await this.#applyRules(deadline);
    const isPartial = await this.#add(nested, deadline);
    const id = await this.#writeTree(nested, deadline);
    this.#newest = id;
    this.#rules = ruled;
    return { id, nested, isPartial };
  }

  /** Answers whether something could not be read. */
  async #add(nested: readonly string[], deadline: number): Promise<boolean> {
    const { git, directory, tree } = this.#options;
    const { exitCode } = await git.run({
      workTree: tree.root,
      gitDirectory: directory,
      args: ['add', '-A', '--ignore-errors', '--pathspec-from-file=-', '--pathspec-file-nul'],
      input: [...this.#scope, ...nested.map(leftOut)].join('\0'),
      deadline,
      accepted: [0, 1],
    });
    return exitCode !== 0;
  }

  /** Objects that we shared with the repository may have gone; then everything is read anew. */
  async #writeTree(nested: readonly string[], deadline: number): Promise<string> {
    try {
      return (await this.#run(['write-tree'], deadline)).trim();
    } catch {
      await rm(path.join(this.#options.directory, 'index'), { force: true });
      await this.#applyRules(deadline);
      await this.#add(nested, deadline);
      return (await this.#run(['write-tree'], deadline)).trim();
    }
  }

  async #readRules(): Promise<string> {
    const { directory, tree, userExcludes } = this.#options;
    const own = await readFile(tree.exclude, 'utf8').catch(() => '');
    await put(path.join(directory, 'info', 'exclude'), `${await userExcludes()}\n${own}\n`);
    const index = await stat(tree.index).catch(() => null);
    return JSON.stringify([own, index?.mtimeMs, index?.size]);
  }

  /** Ignored files belong to a snapshot only if the repository tracks them. */
  async #applyRules(deadline: number): Promise<void> {
    const { tree } = this.#options;
    const theirs = { GIT_INDEX_FILE: tree.index };
    // An index that our git cannot read, split or locked, is as none.
    const staged = await this.#list(['-c', '-i', '-s'], deadline, theirs).catch((): string[] => []);
    const tracked = staged
      .filter((entry) => !entry.startsWith('160000'))
      .map((entry) => entry.replace(/^[^\t]*\t/, ''));
    const ignored = await this.#list(['-c', '-i'], deadline);
    await this.#updateIndex(
      '--force-remove',
      ignored.filter((name) => !tracked.includes(name)),
      deadline,
    );
    await this.#updateIndex(
      '--add',
      tracked.filter((name) => !ignored.includes(name)),
      deadline,
    );
  }

  async #updateIndex(how: '--add' | '--force-remove', names: readonly string[], deadline: number): Promise<void> {
    if (names.length === 0) return;
    const options = how === '--add' ? ['--add', '--remove', '--replace'] : [how];
    await this.#run(['update-index', ...options, '-z', '--stdin'], deadline, { input: names.join('\0') });
  }

  async #list(
    what: readonly string[],
    deadline: number,
    env: Readonly<Record<string, string>> = {},
  ): Promise<string[]> {
    const args = ['ls-files', '-z', '--exclude-standard', ...what, '--', ...this.#scope];
    return (await this.#run(args, deadline, { env })).split('\0').filter((name) => name !== '');
  }

  async #run(
    args: readonly string[],
    deadline: number,
    more: { readonly input?: string; readonly env?: Readonly<Record<string, string>> } = {},
  ): Promise<string> {
    const { git, directory, tree } = this.#options;
    const { stdout } = await git.run({ workTree: tree.root, gitDirectory: directory, args, deadline, ...more });
    return stdout.toString('utf8');
  }
}

/** True for a file that says what is ignored. */
export function isRuleFile(name: string): boolean {
  return name === '.gitignore' || name.endsWith('/.gitignore');
}

function leftOut(name: string): string {
  return `:(top,exclude,literal)${name}`;
}
