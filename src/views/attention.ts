import type { ConnectionStatus } from '../connection/connection.ts';
import type { FolderState } from '../connection/folderState.ts';
import type { Issue, Run, RunErrorCode } from '../runtime/model.ts';
import type { ViewedFolder } from './folderLevel.ts';

/** Something worth a message. */
export type Notice =
  /** `folder` is null when the agents are of several folders. */
  | { readonly kind: 'review'; readonly folder: string | null; readonly agents: readonly string[] }
  | { readonly kind: 'failedRun'; readonly folder: string; readonly run: Run }
  | { readonly kind: 'failedRuns'; readonly count: number }
  /** An agent stopped itself. */
  | { readonly kind: 'tripped'; readonly folder: string; readonly agent: string; readonly reason: string }
  /** A run was cancelled behind which a person's messages wait. */
  | { readonly kind: 'confirm'; readonly folder: string; readonly run: Run }
  | { readonly kind: 'stalledRun'; readonly folder: string; readonly run: Run }
  | {
      readonly kind: 'notConnected';
      readonly folder: string;
      readonly name: string;
      readonly message: string;
      readonly action: Extract<ConnectionStatus, { kind: 'failed' }>['action'];
    }
  /** Agents woke each other about an issue until that was stopped. */
  | { readonly kind: 'loop'; readonly folder: string; readonly issue: Issue }
  | { readonly kind: 'recovered'; readonly folder: string; readonly name: string; readonly remarks: readonly string[] };

type Review = Extract<Notice, { kind: 'review' }>;

/**
 * Decides what deserves a message: each set of definitions to review once, those of several folders as one, each failed run once and many at
 * once as one, each chain of agents that was stopped once, each lost connection once, each recovery of a damaged state once, each run that falls silent
 * once. What had happened before the folder was first seen is old news.
 */
export class Attention {
  readonly #reviewed = new Map<string, string>();
  readonly #failures = new Map<string, string>();
  /** By folder: the start of the runtime whose remarks were told. */
  readonly #recoveries = new Map<string, number>();
  /** By folder: up to when it is known that agents were kept from waking each other, epoch ms. */
  readonly #loops = new Map<string, number>();
  /** By folder: agents that stopped themselves, and runs that wait for a word, of which it was told. */
  readonly #toldOf = new Map<string, ReadonlySet<string>>();
  /** By folder: ids of the runs whose end is known. */
  readonly #seenRuns = new Map<string, Set<string>>();
  /** By folder: ids of the runs that are known to say nothing. */
  readonly #stalledRuns = new Map<string, Set<string>>();

  /**
   * What is new in these folders since the last call. Without trust nothing can be accepted: definitions to review are
   * still new when trust is granted.
   */
  next(folders: readonly ViewedFolder[], isTrusted: boolean): Notice[] {
    const failed = folders.flatMap((folder) => this.#newFailedRuns(folder));
    const first = failed[0];
    const runs: Notice[] =
      first === undefined ? [] : failed.length === 1 ? [first] : [{ kind: 'failedRuns', count: failed.length }];
    return [
      ...folders.flatMap((folder) => this.#newConnectionLoss(folder)),
      ...folders.flatMap((folder) => this.#newRecovery(folder)),
      ...folders.flatMap((folder) => this.#newQuestions(folder)),
      ...oneReview(isTrusted ? folders.flatMap((folder) => this.#newReview(folder)) : []),
      ...folders.flatMap((folder) => this.#newLoop(folder)),
      ...folders.flatMap((folder) => this.#newStalledRuns(folder)),
      ...runs,
    ];
  }

  /** Notes the runs of folders that are seen for the first time: what ends from now on is news, however soon. */
  meet(folders: readonly ViewedFolder[]): void {
    for (const { path, state } of folders) {
      if (state === null) continue;
      if (!this.#seenRuns.has(path)) this.#seenRuns.set(path, settledIds(state));
      if (!this.#loops.has(path)) this.#loops.set(path, lastLoop(state));
    }
  }

  #newConnectionLoss({ path, name, status }: ViewedFolder): Notice[] {
    const message = status.kind === 'failed' ? status.message : '';
    if (this.#failures.get(path) === message) return [];
    if (status.kind !== 'connecting') this.#failures.set(path, message);
    return status.kind === 'failed'
      ? [{ kind: 'notConnected', folder: path, name, message, action: status.action }]
      : [];
  }

  #newRecovery({ path, name, state }: ViewedFolder): Notice[] {
    if (state === null) return [];
    const { remarks, startedAt } = state.runtime;
    if (remarks.length === 0 || this.#recoveries.get(path) === startedAt) return [];
    this.#recoveries.set(path, startedAt);
    return [{ kind: 'recovered', folder: path, name, remarks }];
  }

  #newLoop({ path, state }: ViewedFolder): Notice[] {
    if (state === null) return [];
    const known = this.#loops.get(path);
    const stopped = [...state.issues.values()].filter(({ loopStoppedAt }) => loopStoppedAt !== null);
    this.#loops.set(path, Math.max(known ?? 0, lastLoop(state)));
    if (known === undefined) return [];
    return stopped
      .filter(({ loopStoppedAt }) => (loopStoppedAt ?? 0) > known)
      .map((issue) => ({ kind: 'loop', folder: path, issue }));
  }

  #newReview({ path, state }: ViewedFolder): Review[] {
    if (state === null) return [];
    const { pending } = state.configuration;
    const key = pending
      .map(({ hash }) => hash)
      .sort()
      .join(' ');
    if (this.#reviewed.get(path) === key) return [];
    this.#reviewed.set(path, key);
    return pending.length === 0 ? [] : [{ kind: 'review', folder: path, agents: pending.map(({ agent }) => agent) }];
  }

  /** They stand until somebody answers, so a window that comes later asks too. */
  #newQuestions({ path, state }: ViewedFolder): Notice[] {
    if (state === null) return [];
    const told = this.#toldOf.get(path);
    const tripped = [...state.agents.values()].filter(({ isTripped }) => isTripped);
    const confirmed = [...state.runs.values()].filter(({ heldFor }) => heldFor === 'confirmation');
    this.#toldOf.set(path, new Set([...tripped.map(({ key }) => key), ...confirmed.map(({ id }) => id)]));
    return [
      ...tripped
        .filter(({ key }) => told?.has(key) !== true)
        .map(({ key, statusReason }): Notice => {
          return { kind: 'tripped', folder: path, agent: key, reason: statusReason ?? '' };
        }),
      ...confirmed
        .filter(({ id }) => told?.has(id) !== true)
        .map((run): Notice => ({ kind: 'confirm', folder: path, run })),
    ];
  }

  #newStalledRuns({ path, state }: ViewedFolder): Notice[] {
    if (state === null) return [];
    const stalled = [...state.runs.values()].filter(({ stalledSince }) => stalledSince !== null);
    const told = this.#stalledRuns.get(path);
    this.#stalledRuns.set(path, new Set(stalled.map(({ id }) => id)));
    if (told === undefined) return [];
    return stalled.filter(({ id }) => !told.has(id)).map((run) => ({ kind: 'stalledRun', folder: path, run }));
  }

  #newFailedRuns({ path, state }: ViewedFolder): Extract<Notice, { kind: 'failedRun' }>[] {
    if (state === null) return [];
    const seen = this.#seenRuns.get(path);
    this.#seenRuns.set(path, settledIds(state));
    if (seen === undefined) return [];
    return [...state.runs.values()]
      .filter((run) => !seen.has(run.id) && (run.status === 'failed' || run.status === 'timed_out'))
      .filter((run) => !isTriedAgain(run, state))
      .map((run) => ({ kind: 'failedRun', folder: path, run }));
  }
}

/** Faults that lie in how an agent is set up, which a check of it explains. */
const setUpFaults = [
  'command_not_found',
  'cwd_missing',
  'spawn_failed',
  'login_required',
  'model_unknown',
  'permission_missing',
  'unreachable',
] as const satisfies readonly RunErrorCode[];
export type SetUpFault = (typeof setUpFaults)[number];
const faults: ReadonlySet<RunErrorCode | null> = new Set<RunErrorCode>(setUpFaults);

/** Whether a run failed because of how its agent is set up: checking the agent says more than its log. */
export function isOfSetUp({ errorCode }: Pick<Run, 'errorCode'>): boolean {
  return faults.has(errorCode);
}

function lastLoop({ issues }: FolderState): number {
  return Math.max(0, ...[...issues.values()].map(({ loopStoppedAt }) => loopStoppedAt ?? 0));
}

/** True while a later attempt of its chain is to come, or under way: that one's end is what counts. */
function isTriedAgain({ id, chainId, number }: Run, { runs }: FolderState): boolean {
  return [...runs.values()].some((run) => run.chainId === (chainId ?? id) && run.number > number);
}

function settledIds({ runs }: FolderState): Set<string> {
  return new Set([...runs.values()].filter((run) => run.finishedAt !== null).map((run) => run.id));
}

function oneReview(reviews: readonly Review[]): Review[] {
  const [first] = reviews;
  if (first === undefined || reviews.length === 1) return [...reviews];
  return [{ kind: 'review', folder: null, agents: reviews.flatMap(({ agents }) => agents) }];
}
