import { formatBytes, formatDuration, formatRelativeTime, type Translate } from './format.ts';
import type { Activity } from './runtime/activityModel.ts';
import type { HeartbeatRun } from './runtime/model.ts';
import type { FormatTime } from './whyText.ts';

type Parts = HeartbeatRun['parts'];

/** What came of an agent's part in a named heartbeat, in a word or two. */
export function partText(outcome: string | null, runId: string | null, t: Translate): string {
  if (outcome === null) return runId === null ? t('waits') : t('running');
  const texts: Readonly<Record<string, string>> = {
    accepted: t('accepted'),
    succeeded: t('succeeded'),
    failed: t('failed'),
    timed_out: t('timed out'),
    cancelled: t('cancelled'),
    coalesced: t('already at work'),
    quiet_hours: t('quiet hours'),
    nothing_to_do: t('nothing to do'),
    source_disabled: t('switched off in the configuration'),
    timer_while_held: t('held'),
    agent_removed: t('removed'),
    lost: t('lost'),
  };
  return texts[outcome] ?? outcome.replaceAll('_', ' ');
}

/** What a run of a named heartbeat came to so far: how many of its agents started something, and how that ended. */
export function heartbeatText({ parts, completedAt, triggeredAt }: HeartbeatRun, now: number, t: Translate): string {
  const count = (is: (part: Parts[number]) => boolean): number => parts.filter(is).length;
  const started = count(({ runId }) => runId !== null);
  const succeeded = count(({ outcome }) => outcome === 'succeeded');
  const open = count(({ outcome }) => outcome === null);
  const since = formatRelativeTime(completedAt ?? triggeredAt, now, t);
  if (completedAt === null) return t('under way: {0} of {1} agents to go · triggered {2}', open, parts.length, since);
  if (started === 0) return t('skipped by all agents · {0}', since);
  return t('{0} of {1} runs succeeded · {2}', succeeded, started, since);
}

/** Runs of named heartbeats line by line, each with what came of it agent by agent. */
export function describeHeartbeats(
  { heartbeats, hasMore }: { readonly heartbeats: readonly HeartbeatRun[]; readonly hasMore: boolean },
  now: number,
  t: Translate,
): string[] {
  if (heartbeats.length === 0) return [t('No named heartbeat has fallen due yet.')];
  const lines = heartbeats.flatMap((heartbeat) => [
    `${heartbeat.name}  ${heartbeatText(heartbeat, now, t)}`,
    ...heartbeat.parts.map(({ agent, outcome, runId }) =>
      `  ${agent}  ${partText(outcome, runId, t)}${runId === null ? '' : `  ${runId}`}`.trimEnd(),
    ),
  ]);
  return hasMore ? [...lines, '…'] : lines;
}

/** The steps of one run of a named heartbeat, oldest first, line by line; `steps` are the entries of the audit log under its id. */
export function describeSteps(steps: readonly Activity[], formatTime: FormatTime, t: Translate): string[] {
  if (steps.length === 0) return [t('Nothing is known of it any more.')];
  return [...steps]
    .sort((a, b) => a.number - b.number)
    .map((step) => `${formatTime(step.at)}  ${describeStep(step, formatTime, t)}`);
}

function describeStep(step: Activity, formatTime: FormatTime, t: Translate): string {
  const { action, result, details } = step;
  const agent = step.agent ?? '';
  const run = typeof details['run'] === 'string' ? details['run'] : null;
  switch (action) {
    case 'heartbeat.triggered': {
      const missed = numberOf(details['missed']);
      const planned = t('1. Triggered, planned for {0}', formatTime(numberOf(details['plannedAt'])));
      return missed === 0 ? planned : `${planned} · ${t('also for {0} that were missed', missed)}`;
    }
    case 'heartbeat.agentsSelected': {
      const passedOver = listOf(details['passedOver']);
      const selected = t('2. Agents selected: {0}', listOf(details['agents']) || t('none'));
      return passedOver === '' ? selected : `${selected} · ${t('passed over: {0}', passedOver)}`;
    }
    case 'heartbeat.evaluated':
      return t('3. {0} evaluated: {1}', agent, partText(result, run, t)) + (run === null ? '' : ` → ${run}`);
    case 'heartbeat.executed':
      return t('4. {0} started: {1}', agent, run ?? '');
    case 'heartbeat.logged': {
      const ended = t('5. {0} ended: {1}', agent, partText(result, run, t));
      return run === null
        ? ended
        : `${ended} → ${run} · ${t('log of {0}', formatBytes(numberOf(details['logBytes'])))}`;
    }
    case 'heartbeat.completed': {
      const counts = (['succeeded', 'started', 'skipped'] as const).map((name) => numberOf(details[name]));
      const [succeeded = 0, started = 0, skipped = 0] = counts;
      return t(
        '6. Completed after {0}: {1} of {2} runs succeeded, agents that started nothing: {3}',
        formatDuration(numberOf(details['durationMs'])),
        succeeded,
        started,
        skipped,
      );
    }
    default:
      return action;
  }
}

function numberOf(value: unknown): number {
  return typeof value === 'number' ? value : 0;
}

function listOf(value: unknown): string {
  return Array.isArray(value) ? value.map(String).join(', ') : '';
}
