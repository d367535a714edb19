/** The words of the domain as people read them: one exhaustive table each. */
import type { Translate } from '../format.ts';
import {
  unscopedSession,
  wakeSources,
  type AgentStatus,
  type ChangeGap,
  type ChangeNote,
  type HoldReason,
  type Issue,
  type IssuePriority,
  type IssueStatus,
  type RunChanges,
  type SkipReason,
  type UndoProblem,
  type WakeSource,
} from '../runtime/model.ts';

export function agentStatusText(status: AgentStatus, t: Translate): string {
  const texts: Record<AgentStatus, string> = {
    idle: t('idle'),
    running: t('running'),
    paused: t('paused'),
    error: t('error'),
    pending_approval: t('waiting for your approval'),
    terminated: t('terminated'),
    absent: t('not in the configuration'),
  };
  return texts[status];
}

export function issueStatusText(status: IssueStatus, t: Translate): string {
  const texts: Record<IssueStatus, string> = {
    todo: t('to do'),
    in_progress: t('in progress'),
    in_review: t('in review'),
    blocked: t('blocked'),
    done: t('done'),
    cancelled: t('closed without doing it'),
  };
  return texts[status];
}

export function priorityText(priority: IssuePriority, t: Translate): string {
  const texts: Record<IssuePriority, string> = {
    urgent: t('urgent'),
    high: t('high priority'),
    medium: t('medium priority'),
    low: t('low priority'),
  };
  return texts[priority];
}

/** What a queued run waits for, as the end of "queued · …". */
export function holdText(reason: HoldReason | null, t: Translate): string {
  if (reason === null) return t('waits for its turn');
  const texts: Record<HoldReason, string> = {
    stopped: t('held by Stop Everything'),
    trust: t('waits for workspace trust'),
    consent: t('waits for your review of the configuration'),
    paused: t('waits until the agent is resumed'),
    absent: t('waits until the agent is back in the configuration'),
    loop_breaker: t('waits until the agent, which stopped itself, is resumed'),
    blocked: t('waits until its issue is unblocked'),
    secrets: t('waits for a secret'),
    locked: t('waits until the state is unlocked'),
    rate_limit: t('waits for the limit of its provider'),
    budget: t('waits for budget'),
    confirmation: t('waits for your word to continue'),
    retry: t('waits for its next attempt'),
    session_busy: t('waits for the run in the same session'),
    scope_busy: t('waits for the run of the same task'),
    issue_busy: t('waits for the agent that works on the same issue'),
    cwd_busy: t('waits for another run in the same directory'),
    provider_busy: t('waits for another run with the same provider'),
    slots_busy: t('waits for a free slot'),
    machine_busy: t('waits for a free slot of this machine'),
    draining: t('waits for the updated runtime'),
  };
  return texts[reason];
}

/** Why a scheduled heartbeat came to nothing, as a word or two in brackets. */
export function skipText(reason: SkipReason, t: Translate): string {
  const texts: Record<SkipReason, string> = {
    stopped: t('everything was stopped'),
    trust: t('workspace not trusted'),
    consent: t('waiting for your review'),
    paused: t('paused'),
    absent: t('not in the configuration'),
    loop_breaker: t('stopped itself'),
    blocked: t('issue blocked'),
    secrets: t('a secret is missing'),
    locked: t('state locked'),
    rate_limit: t('limit reached'),
    budget: t('budget used up'),
    confirmation: t('asks whether to continue'),
    retry: t('will be tried again'),
    session_busy: t('session in use'),
    scope_busy: t('already at work'),
    issue_busy: t('issue in use'),
    cwd_busy: t('directory in use'),
    provider_busy: t('provider in use'),
    slots_busy: t('no free slot'),
    machine_busy: t('no free slot on this machine'),
    draining: t('the runtime was being updated'),
    terminated: t('terminated'),
    source_disabled: t('switched off in the configuration'),
    duplicate: t('asked for already'),
    issue_closed: t('issue closed'),
    quiet_hours: t('quiet hours'),
    nothing_to_do: t('nothing to do'),
    timer_while_held: t('held'),
    hop_limit: t('agents woke each other too often'),
    coalesced: t('already at work'),
    missed: t('missed while nothing ran'),
  };
  return texts[reason];
}

export function sourceText(source: WakeSource, t: Translate): string {
  const texts: Record<WakeSource, string> = {
    timer: t('heartbeat'),
    assignment: t('assignment'),
    on_demand: t('on demand'),
    automation: t('automation'),
  };
  return texts[source];
}

/** What a session is kept for, as people know it: an issue, or a kind of wake that belongs to no task. */
export function taskText(taskKey: string, issues: ReadonlyMap<string, Issue>, t: Translate): string {
  const issue = issues.get(taskKey);
  if (issue !== undefined) return `#${String(issue.number)} ${issue.title}`;
  if (taskKey === unscopedSession) return t('all wakes without a task');
  const source = wakeSources.find((one) => one === taskKey);
  return source === undefined ? taskKey : t('without a task: {0}', sourceText(source, t));
}

/** What a run changed, such as `3 files, +12 −4 (may contain changes of others)`. */
export function changesText(changes: RunChanges, t: Translate): string {
  if (changes.kind === 'unknown') return t('not recorded: {0}', gapText(changes.gap, t));
  const { files, addedLines, removedLines, notes } = changes;
  const lines = `+${String(addedLines)} −${String(removedLines)}`;
  const count = files === 1 ? t('1 file, {0}', lines) : t('{0} files, {1}', files, lines);
  const said = files === 0 ? t('no files') : count;
  return notes.length === 0 ? said : `${said} (${notes.map((note) => noteText(note, t)).join('; ')})`;
}

function gapText(gap: ChangeGap, t: Translate): string {
  const texts: Record<ChangeGap, string> = {
    no_git: t('git was not found'),
    no_repository: t('its folder is not in a git repository'),
    too_slow: t('looking at all files took too long'),
    failed: t('the files could not be compared; the log of the runtime says more'),
  };
  return texts[gap];
}

function noteText(note: ChangeNote, t: Translate): string {
  const texts: Record<ChangeNote, string> = {
    overlap: t('may contain changes of others'),
    unreadable: t('without files that could not be read'),
    nested: t('without repositories inside the folder'),
  };
  return texts[note];
}

/** Why a file is not taken back. */
export function undoProblemText(problem: UndoProblem, t: Translate): string {
  const texts: Record<UndoProblem, string> = {
    changed: t('changed since'),
    in_the_way: t('something else is in its place'),
    perhaps_older: t('perhaps older than the run: it also changed what is ignored'),
    not_allowed: t('its place is never written to'),
  };
  return texts[problem];
}
