import { readFile, stat } from 'node:fs/promises';
import * as path from 'node:path';
import type { WorkingTree } from './workingTree.ts';

/** A reference may lead to another one; git itself follows five. */
const mostSteps = 5;
/** Larger files are not read, in bytes: a million packed references have about 70 MB. */
const maxBytes = 128 * 1024 * 1024;
const commit = /^([0-9a-f]{40}|[0-9a-f]{64})$/;

/**
 * The commit that HEAD resolves to, in hex; `unborn` before the first one. Null where it cannot be told (references that
 * are not kept as files). Read from the files: git itself would read the repository's configuration. @throws system errors
 */
export async function readHead({ index, exclude }: Pick<WorkingTree, 'index' | 'exclude'>): Promise<string | null> {
  const own = path.dirname(index);
  const shared = path.dirname(path.dirname(exclude));
  let content = await readSmall(path.join(own, 'HEAD'));
  for (let step = 0; content !== null && step < mostSteps; step += 1) {
    if (commit.test(content)) return content;
    const name = /^ref: (refs\/\S+)$/.exec(content)?.[1];
    // With reftable, HEAD names this one, which exists nowhere.
    if (name === undefined || name === 'refs/heads/.invalid' || name.split('/').includes('..')) return null;
    const next =
      (await readSmall(path.join(own, name))) ??
      (await readSmall(path.join(shared, name))) ??
      (await findPacked(path.join(shared, 'packed-refs'), name));
    if (next === null) return 'unborn';
    content = next;
  }
  return null;
}

async function findPacked(file: string, name: string): Promise<string | null> {
  const text = await readSmall(file);
  const line = text?.split('\n').find((candidate) => candidate.endsWith(` ${name}`));
  return line?.split(' ')[0] ?? null;
}

/** Null for a file that does not exist. */
async function readSmall(file: string): Promise<string | null> {
  const found = await stat(file).catch(() => null);
  if (found?.isFile() !== true) return null;
  if (found.size > maxBytes) throw new Error(`${path.basename(file)} is too large.`);
  return (await readFile(file, 'utf8')).trim();
}
