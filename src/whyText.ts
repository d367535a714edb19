import {
  formatAttempt,
  formatDuration,
  formatOutcome,
  formatRelativeTime,
  formatWait,
  runDurationMs,
  type Translate,
} from './format.ts';
import type { TimelineCursor, TimelineEntry, WhyNow } from './runtime/insight.ts';
import type { HoldReason, OnlyIfKind, Run, SkipReason, WakeSource, WakeupStatus } from './runtime/model.ts';

/** The account of an agent, as the runtime gives it. */
export interface Why {
  readonly agent: string;
  /** Epoch ms at which it was true. */
  readonly at: number;
  readonly now: WhyNow;
  readonly entries: readonly TimelineEntry[];
  readonly next: TimelineCursor | null;
}

/** How a time is written, in the reader's time zone. */
export type FormatTime = (at: number) => string;

/** The account of why an agent woke and why it did not, line by line: first the answer for now, then the timeline, newest first. */
export function describeWhy(why: Why, formatTime: FormatTime, t: Translate): string[] {
  const numbers = new Map(
    why.entries.flatMap((entry) => (entry.kind === 'run' ? [[entry.run.id, entry.run.number]] : [])),
  );
  const lines = why.entries.map((entry) => `${formatTime(entry.at)}  ${describeEntry(entry, numbers, t)}`);
  return [
    describeNow(why, formatTime, t),
    '',
    ...(lines.length === 0 ? [t('Nothing has happened to {0} yet.', why.agent)] : lines),
    ...(why.next === null ? [] : ['', t('There is more before this.')]),
  ];
}

/** One sentence: whether it runs, why, and what to do about it. */
export function describeNow({ agent, at, now }: Why, formatTime: FormatTime, t: Translate): string {
  switch (now.kind) {
    case 'running':
      return t(
        '{0} runs now: run {1} {2}, started {3}.',
        agent,
        now.number,
        now.runId,
        formatRelativeTime(now.since, at, t),
      );
    case 'held': {
      const { because, next } = holdTexts(now.reason, t);
      const note = now.note === null ? because : `${because} (${oneLine(now.note)})`;
      const waiting = now.waiting === 0 ? '' : ` ${t('Runs that wait for it: {0}.', now.waiting)}`;
      return `${t('{0} does not run because {1}; {2}.', agent, note, next)}${waiting}`;
    }
    case 'queued': {
      const { because, next } = holdTexts(now.reason ?? 'slots_busy', t);
      const text = now.reason === null ? t('it is about to start') : `${because}; ${next}`;
      const since = formatRelativeTime(now.since, at, t);
      const said = t(
        '{0} does not run yet because {1}. Run {2} {3} was queued {4}.',
        agent,
        text,
        now.number,
        now.runId,
        since,
      );
      return now.ahead === null ? said : `${said} ${aheadText(now.ahead, t)}`;
    }
    case 'scheduled': {
      const planned = t('{0} will run next at {1} because its schedule says so', agent, formatTime(now.at));
      return now.willSkip === null ? `${planned}.` : `${planned}, ${unlessText(now, t)}.`;
    }
    case 'asked':
      return now.sources.length === 0
        ? t('{0} does not run because its configuration switches every kind of wake off; allow one there.', agent)
        : t(
            '{0} does not run because it has no schedule and nothing waits; it wakes by: {1}.',
            agent,
            now.sources.map((source) => sourceWord(source, t)).join(', '),
          );
  }
}

/** The order is that of priority, then of age: what stands before it may be younger. */
function aheadText({ runs, agent, number }: { runs: number; agent: string; number: number }, t: Translate): string {
  return t('Runs before it in the queue, by priority and age: {0}; first run {1} of {2}.', runs, number, agent);
}

function unlessText({ willSkip, onlyIf }: Extract<WhyNow, { kind: 'scheduled' }>, t: Translate): string {
  if (willSkip === 'quiet_hours') return t('but that time lies in its quiet hours and will be skipped');
  return onlyIf.length === 0
    ? t('but will be skipped if there is still nothing to do')
    : t(
        'but will be skipped if there is still nothing to do and this is as its last run left it: {0}',
        onlyIfText(onlyIf, t),
      );
}

/** What `onlyIf` names, in words. */
export function onlyIfText(onlyIf: readonly OnlyIfKind[], t: Translate): string {
  const texts: Record<OnlyIfKind, string> = {
    git_head: t('the commit'),
    files: t('the files'),
    diagnostics: t('errors and warnings'),
  };
  return onlyIf.map((kind) => texts[kind]).join(', ');
}

/** Something that waits, as the runtime lists it. */
export interface Waiting {
  readonly run: Run;
  readonly since: number;
  readonly wakeups: number;
  readonly messages: number;
  readonly isFresh: boolean;
}

/** What waits, line by line: queued runs in their order, then wakes that wait for the end of a running run. */
export function describeQueue(
  {
    entries,
    behind,
    hasMore,
  }: Readonly<Record<'entries' | 'behind', readonly Waiting[]>> & { readonly hasMore: boolean },
  now: number,
  t: Translate,
): string[] {
  if (entries.length + behind.length === 0) return [t('Nothing waits.')];
  const describe = ({ run, since, wakeups, messages, isFresh }: Waiting, waits: string): string => {
    const parts = [waits, t('since {0}', formatRelativeTime(since, now, t)), t('wakes: {0}', wakeups)];
    if (messages > 0) parts.push(t('with messages: {0}', messages));
    if (isFresh) parts.push(t('with a fresh session'));
    return `${run.id}  ${run.agent}  ${parts.join(' · ')} · ${oneLine(run.reason)}`;
  };
  return [
    ...entries.map((one) =>
      describe(
        one,
        one.run.heldFor === null
          ? t('next in turn')
          : (formatWait(one.run, undefined, now, t) ?? holdTexts(one.run.heldFor, t).because),
      ),
    ),
    ...(hasMore ? ['…'] : []),
    ...behind.map((one) => describe(one, t('waits for the end of this run'))),
  ];
}

/** Why it does not run, and what helps; both in lower case, as parts of a sentence. */
function holdTexts(
  reason: HoldReason | 'terminated',
  t: Translate,
): { readonly because: string; readonly next: string } {
  const texts: Record<HoldReason | 'terminated', readonly [because: string, next: string]> = {
    stopped: [t('everything is stopped'), t('release everything to go on')],
    draining: [t('the runtime is being updated'), t('it goes on in a moment')],
    trust: [t('this workspace is not trusted'), t('trust it to go on')],
    consent: [t('its definition waits for your review'), t('review the configuration')],
    paused: [t('it is paused'), t('resume it')],
    absent: [t('it is missing from the configuration'), t('put it back there')],
    loop_breaker: [t('it stopped itself because it did not get on'), t('look at its last runs, then resume it')],
    blocked: [t('its issue is blocked'), t('unblock the issue')],
    secrets: [t('a secret that it needs is missing'), t('set it with "{0}"', 'Reveille: Set Secret…')],
    locked: [t('the state is locked'), t('unlock it')],
    rate_limit: [t('its provider lets nothing through for a while'), t('wait, or run it now anyway')],
    budget: [t('its budget is used up'), t('raise the budget, or wait for the next period')],
    confirmation: [t('the run before it was cancelled'), t('say whether to continue')],
    retry: [t('the attempt before it failed'), t('it is tried again in a moment')],
    session_busy: [t('another run has its session open'), t('wait for that run, or cancel it')],
    scope_busy: [t('it works on the same task already'), t('wait for that run, or cancel it')],
    issue_busy: [t('another agent works on its issue'), t('wait for that run, or cancel it')],
    cwd_busy: [t('another run works in its directory'), t('wait for that run, or set shareCwd')],
    provider_busy: [
      t('as many runs as may use its provider go on already'),
      t('wait for one of them, or raise maxConcurrentRuns of the provider'),
    ],
    machine_busy: [
      t('all slots of this machine are taken, by runs in other folders too'),
      t('wait for a run to end anywhere, or raise the setting {0}', 'reveille.maxConcurrentRuns'),
    ],
    slots_busy: [t('all slots are taken'), t('wait for a run to end, or cancel one')],
    terminated: [t('it was terminated'), t('delete it, so that the configuration starts it afresh')],
  };
  const [because, next] = texts[reason];
  return { because, next };
}

function describeEntry(entry: TimelineEntry, numbers: ReadonlyMap<string, number>, t: Translate): string {
  switch (entry.kind) {
    case 'wakeup':
      return describeWakeup(entry, numbers, t);
    case 'run':
      return describeRun(entry.run, t);
    case 'skips':
      return t(
        'Scheduled heartbeats skipped on that day (UTC): {0}.',
        entry.counts.map(({ reason, skips }) => `${String(skips)} ${skipWord(reason, t)}`).join(', '),
      );
    case 'change':
      return describeChange(entry, t);
  }
}

function describeWakeup(
  { source, reason, status, statusReason, runId, hasText, isFresh }: Extract<TimelineEntry, { kind: 'wakeup' }>,
  numbers: ReadonlyMap<string, number>,
  t: Translate,
): string {
  const number = runId === null ? undefined : numbers.get(runId);
  const run = runId === null ? '' : number === undefined ? ` → ${runId}` : ` → ${t('run {0}', number)}`;
  const why = statusReason === null ? '' : ` (${skipWord(statusReason, t)})`;
  const message = hasText ? `, ${t('with a message')}` : '';
  const fresh = isFresh ? `, ${t('with a fresh session')}` : '';
  return `${t('Wake by {0}', sourceWord(source, t))}: ${oneLine(reason)}${message}${fresh} · ${wakeupWord(status, t)}${why}${run}`;
}

function describeRun(run: Run, t: Translate): string {
  const duration = runDurationMs(run);
  const took = duration === null ? '' : ` ${t('after {0}', formatDuration(duration))}`;
  const tried = run.attempt > 1 ? ` · ${formatAttempt(run.attempt, undefined, t)}` : '';
  const wait =
    run.heldFor === null ? '' : `: ${formatWait(run, undefined, run.queuedAt, t) ?? holdTexts(run.heldFor, t).because}`;
  const message = run.message === null ? '' : ` · ${oneLine(run.message)}`;
  const name = t('Run {0} {1}', run.number, run.id);
  return `${name} · ${formatOutcome(run, t)}${tried}${took}${wait} · ${oneLine(run.reason)}${message}`;
}

function describeChange(
  { action, actor, text, setting }: Extract<TimelineEntry, { kind: 'change' }>,
  t: Translate,
): string {
  const texts: Readonly<Record<string, string>> = {
    'agent.paused': t('Paused'),
    'agent.resumed': t('Resumed'),
    'agent.tripped': t('Stopped itself: it did not get on'),
    'agent.terminated': t('Terminated'),
    'limit.reached': t('A limit of its provider was reached'),
    'limit.lifted': t('The limit is over'),
    'session.reset': t('Session reset'),
    'configuration.accepted': t('Definition accepted'),
    'run.cancelAsked': t('Cancel asked for'),
    'run.moved': t('Moved in the queue'),
    'heartbeat.missed': t('Heartbeats missed, too late to catch up'),
    'heartbeat.caughtUp': t('Heartbeats missed, and caught up with'),
    'heartbeat.skipped': t('Heartbeats skipped from now on'),
    'heartbeat.changeUnknown': t('Not known whether it changed, so it counts as changed'),
    'clock.jumped': t('The clock jumped, or the machine slept'),
    'run.deleted': t('Run deleted'),
    'run.undone': t('Run undone'),
    'everything.stopped': t('Everything stopped'),
    'everything.released': t('Everything released'),
    'runtime.started': t('Runtime started'),
    'runtime.stopped': t('Runtime stopped'),
    'state.restored': t('State restored from a backup'),
    'state.adopted': t('State adopted from another folder'),
  };
  const by = actor === 'runtime' ? '' : ` (${actor})`;
  const because = setting === null ? '' : ` · ${oneLine(setting)}`;
  return `${texts[action] ?? action}${by}${because}${text === null ? '' : `: ${oneLine(text)}`}`;
}

function wakeupWord(status: WakeupStatus, t: Translate): string {
  const texts: Record<WakeupStatus, string> = {
    queued: t('waits'),
    claimed: t('being worked on'),
    coalesced: t('merged: it was at it already'),
    completed: t('delivered'),
    failed: t('delivered; the run failed'),
    cancelled: t('cancelled'),
    refused: t('refused'),
  };
  return texts[status];
}

function sourceWord(source: WakeSource, t: Translate): string {
  const texts: Record<WakeSource, string> = {
    timer: t('heartbeat'),
    assignment: t('assignment'),
    on_demand: t('on demand'),
    automation: t('automation'),
  };
  return texts[source];
}

/** A reason from the store: a known one in words, another as it stands there. */
function skipWord(reason: string, t: Translate): string {
  const texts: Partial<Record<SkipReason, string>> & Readonly<Record<string, string>> = {
    stopped: t('everything was stopped'),
    draining: t('the runtime was being updated'),
    trust: t('workspace not trusted'),
    consent: t('waiting for your review'),
    paused: t('paused'),
    absent: t('not in the configuration'),
    terminated: t('terminated'),
    source_disabled: t('switched off in the configuration'),
    issue_closed: t('issue closed'),
    quiet_hours: t('quiet hours'),
    nothing_to_do: t('nothing to do'),
    coalesced: t('already at work'),
    missed: t('missed'),
    cancelled_by_user: t('by a person'),
    hop_limit: t('agents woke each other too often'),
    reassigned: t('given to another agent'),
  };
  return texts[reason] ?? reason.replaceAll('_', ' ');
}

/** What somebody wrote, so that it stays within its line. */
function oneLine(text: string): string {
  const line = text.replace(/[\s\p{Cc}]+/gu, ' ').trim();
  return line.length <= 200 ? line : `${line.slice(0, 199).trimEnd()}…`;
}
