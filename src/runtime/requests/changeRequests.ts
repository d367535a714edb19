import type { ListedChange } from '../../protocol.ts';
import { isUtf8 } from 'node:buffer';
import { toError, UserError } from '../errors.ts';
import { userActor, type Audit } from '../governance/audit.ts';
import type { ChangedFile } from '../runs/changes/changedFiles.ts';
import type { ChangeRecorder } from '../runs/changes/changeRecorder.ts';
import type { KeptChanges } from '../runs/changes/keptChanges.ts';
import { applyUndo, planUndo, type UndoPlan } from '../runs/changes/undo.ts';
import { isInside } from '../runs/changes/workingTree.ts';
import type { RequestHandlers } from '../server.ts';
import { findRun, listRunningRuns, type RunRow } from '../store/runTable.ts';
import type { Store } from '../store/store.ts';
import { assertTrusted } from './agentRequests.ts';

type ChangeRequests = Pick<RequestHandlers, 'run.changes' | 'run.fileVersion' | 'run.previewUndo' | 'run.undo'>;

const mostShown = 1000;
/** Bytes of a file that a client is shown; a message must not become longer than 4 MB. */
const maxShownBytes = 512 * 1024;
/** Bytes of content that one undo restores. */
const maxUndoBytes = 512 * 1024 * 1024;

export interface ChangeRequestOptions {
  readonly store: Store;
  readonly audit: Audit;
  readonly changes: ChangeRecorder;
}

/** Requests about what runs changed in the working tree. */
export function changeRequests(options: ChangeRequestOptions): ChangeRequests {
  const { store, changes } = options;
  return {
    'run.changes': async ({ runId, offset, limit }) => {
      const { kept } = await requireKept(options, runId);
      return {
        root: kept.root,
        files: kept.files.slice(offset, offset + limit).map(toListed),
        total: kept.files.length,
      };
    },
    'run.fileVersion': async ({ runId, path, side }) => {
      const { kept } = await requireKept(options, runId);
      const file = kept.files.find((one) => one.path === path);
      if (!file) throw new UserError('not_found', `That run did not change ${path}.`);
      return readSide(changes, runId, file, side);
    },
    'run.previewUndo': async ({ runId }) => {
      const { kept } = await requireKept(options, runId);
      const { steps, obstacles } = await planUndo(kept.root, kept.files);
      const paths = steps.slice(0, mostShown).map((step) => step.path);
      return { files: paths, total: steps.length, obstacles: obstacles.slice(0, mostShown) };
    },
    'run.undo': async ({ runId }, client) => {
      assertTrusted(client);
      const { run, kept } = await requireKept(options, runId);
      assertIdle(options, kept.root);
      const plan = await planUndo(kept.root, kept.files);
      assertClear(plan);
      await undo(changes, { runId, kept, plan }, (result) => {
        const what = { action: 'run.undone', target: `run:${runId}`, agent: run.agent, runId, result } as const;
        store.transact((writer) => {
          options.audit.record(writer, { ...what, actor: userActor(client), details: { files: plan.steps.length } });
        });
      });
      await store.durable();
      return { files: plan.steps.length };
    },
  };
}

/** A claimed run counts, though its start may not be noted yet. */
function assertIdle({ store, changes }: ChangeRequestOptions, root: string): void {
  if (!changes.isBusy(root) && !listRunningRuns(store).some(({ cwd }) => isInside(cwd, root))) return;
  throw new UserError('refused', 'A run is working on these files. Wait for its end or cancel it, then undo.');
}

async function undo(
  changes: ChangeRecorder,
  { runId, kept, plan }: { readonly runId: string; readonly kept: KeptChanges; readonly plan: UndoPlan },
  record: (result: string) => void,
): Promise<void> {
  const blobs = new Set(plan.steps.flatMap(({ former }) => (former === null ? [] : [former.blob])));
  try {
    const contents = await changes.read(runId, [...blobs], maxUndoBytes);
    await applyUndo(kept.root, plan.steps, contents);
    record('done');
  } catch (error) {
    record('failed');
    throw new UserError(
      'refused',
      `The changes were taken back only in part or not at all (${toError(error).message}). See what is left with "Reveille: Open Changes of Run", then try again.`,
      { cause: error },
    );
  }
}

async function requireKept(
  { store, changes }: ChangeRequestOptions,
  runId: string,
): Promise<{ readonly run: RunRow; readonly kept: KeptChanges }> {
  const run = findRun(store, runId);
  if (!run) throw new UserError('not_found', 'That run is not in the history any more.');
  if (run.finishedAt === null)
    throw new UserError('refused', 'That run has not ended yet. Its changes are known then.');
  const kept = await changes.find(runId);
  if (kept) return { run, kept };
  if (run.changes?.kind === 'recorded' && run.changes.files === 0)
    throw new UserError('not_found', 'That run changed no files.');
  throw new UserError(
    'not_found',
    run.changes?.kind === 'recorded'
      ? 'The changes of that run are not kept any more; they went with its log.'
      : 'No changes of that run are recorded.',
  );
}

function assertClear({ steps, obstacles }: UndoPlan): void {
  const names = obstacles.slice(0, 10).map((obstacle) => obstacle.path);
  if (obstacles.length > 0) {
    const list = names.join(', ') + (obstacles.length > names.length ? ', …' : '');
    throw new UserError('refused', `Nothing was undone: files are not as the run left them (${list}).`);
  }
  if (steps.length === 0)
    throw new UserError('refused', 'There is nothing to undo: all files are as they were before.');
}

async function readSide(
  changes: ChangeRecorder,
  runId: string,
  file: ChangedFile,
  side: 'before' | 'after',
): Promise<{ text: string | null; kind: 'text' | 'absent' | 'binary' | 'tooLong' }> {
  const version = file[side];
  if (version === null) return { text: null, kind: 'absent' };
  if (file.addedLines === null) return { text: null, kind: 'binary' };
  const contents = await changes.read(runId, [version.blob], maxShownBytes).catch(() => null);
  const content = contents?.get(version.blob);
  if (content === undefined) return { text: null, kind: 'tooLong' };
  return isUtf8(content) && !content.includes(0)
    ? { text: content.toString('utf8'), kind: 'text' }
    : { text: null, kind: 'binary' };
}

function toListed({ path, movedFrom, before, after, addedLines, removedLines }: ChangedFile): ListedChange {
  return { path, movedFrom, hasBefore: before !== null, hasAfter: after !== null, addedLines, removedLines };
}
