import { readdir } from 'node:fs/promises';
import * as path from 'node:path';
import type { UndoProblem } from '../../model.ts';
import type { ChangedFile, FileVersion } from './changedFiles.ts';
import { isSameVersion, putVersion, removeVersion, statOf, versionOf } from './fileVersions.ts';
import { isRuleFile } from './treeSnapshot.ts';

/** What taking back a run means for one path. */
export interface UndoStep {
  readonly path: string;
  /** As the run left it; null if it took it away. */
  readonly left: FileVersion | null;
  /** As it was before; null if it was not there. */
  readonly former: FileVersion | null;
}

export interface UndoPlan {
  /** Without those that are as before already. */
  readonly steps: readonly UndoStep[];
  readonly obstacles: readonly { readonly path: string; readonly problem: UndoProblem }[];
}

/** Finds out what would have to be done, and what stands against it. Changes nothing. @throws system errors */
export async function planUndo(root: string, files: readonly ChangedFile[]): Promise<UndoPlan> {
  const all = files.flatMap(toSteps);
  const going = new Set(all.filter(({ former }) => former === null).map((step) => step.path));
  // What a new rule no longer ignores looks as if the run had made it.
  const hasNewRules = all.some((step) => isRuleFile(step.path));
  const moved = new Set(files.flatMap(({ movedFrom, before, after }) => isMove(movedFrom, before, after)));
  const steps: UndoStep[] = [];
  const obstacles: { path: string; problem: UndoProblem }[] = [];
  for (const step of all) {
    const verdict = await judge(root, step, going);
    const isDoubtful =
      hasNewRules && step.former === null && !isRuleFile(step.path) && !moved.has(step.left?.blob ?? '');
    const problem = verdict === null && isDoubtful ? 'perhaps_older' : verdict;
    if (problem === null) steps.push(step);
    else if (problem !== 'done') obstacles.push({ path: step.path, problem });
  }
  return { steps, obstacles };
}

/**
 * Takes files back, each only if it still is as the run left it. Files go first, so that folders can make room.
 * @throws system errors; Error when a file was changed meanwhile. What was done until then stays done.
 */
export async function applyUndo(
  root: string,
  steps: readonly UndoStep[],
  contents: ReadonlyMap<string, Buffer>,
): Promise<void> {
  const going = new Set(steps.filter(({ former }) => former === null).map((step) => step.path));
  const inOrder = [...steps].sort((a, b) => Number(a.former !== null) - Number(b.former !== null));
  for (const { path: name, left, former } of inOrder) {
    const file = path.join(root, name);
    if ((await judge(root, { path: name, left, former }, going)) !== null) {
      throw new Error(`${name} was changed meanwhile`);
    }
    if (former === null) {
      await removeVersion(file, root);
      going.delete(name);
      continue;
    }
    const content = contents.get(former.blob);
    if (content === undefined) throw new Error(`The former ${name} is not kept`);
    await putVersion(file, former, content);
  }
}

function toSteps({ path: name, movedFrom, before, after }: ChangedFile): UndoStep[] {
  if (movedFrom === null) return [{ path: name, left: after, former: before }];
  return [
    { path: movedFrom, left: null, former: before },
    { path: name, left: after, former: null },
  ];
}

function isMove(movedFrom: string | null, before: FileVersion | null, after: FileVersion | null): string[] {
  return movedFrom !== null && before !== null && before.blob === after?.blob ? [before.blob] : [];
}

async function judge(root: string, step: UndoStep, going: ReadonlySet<string>): Promise<UndoProblem | 'done' | null> {
  if (!isPlain(step.path)) return 'not_allowed';
  const isNew = step.former === null;
  if (!(await hasWayTo(root, step.path, going))) return isNew ? 'done' : 'in_the_way';
  const present = await versionOf(path.join(root, step.path));
  if (present === 'other') return 'in_the_way';
  if (present === 'folder') {
    if (isNew) return 'done';
    return step.left === null && (await holdsOnly(root, step.path, going)) ? null : 'in_the_way';
  }
  const isAs = (version: FileVersion | null): boolean =>
    present === 'absent' || version === null
      ? present === 'absent' && version === null
      : isSameVersion(present, version);
  if (isAs(step.former)) return 'done';
  return isAs(step.left) ? null : 'changed';
}

/** Git makes no other paths; nothing that leads out of the tree or into a repository is ever written. */
function isPlain(name: string): boolean {
  const parts = name.split('/');
  return !parts.some((part) => part === '' || part === '.' || part === '..' || part.toLowerCase() === '.git');
}

/** Everything above it is a folder, or absent, or goes itself. */
async function hasWayTo(root: string, name: string, going: ReadonlySet<string>): Promise<boolean> {
  const parts = name.split('/').slice(0, -1);
  for (let count = 1; count <= parts.length; count += 1) {
    const above = parts.slice(0, count).join('/');
    const found = await statOf(path.join(root, above));
    if (found === null || going.has(above)) return true;
    if (!found.isDirectory()) return false;
  }
  return true;
}

/** True if a folder will be empty once the files that go have gone. */
async function holdsOnly(root: string, name: string, going: ReadonlySet<string>): Promise<boolean> {
  const entries = await readdir(path.join(root, name), { recursive: true, withFileTypes: true });
  return entries.every((entry) => {
    const file = path.relative(root, path.join(entry.parentPath, entry.name)).split(path.sep).join('/');
    return entry.isDirectory() || going.has(file);
  });
}
