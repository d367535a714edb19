import { formatCost } from './costText.ts';
import { formatDuration, type Translate } from './format.ts';
import type { SimulatedCollision, SimulatedDay, SimulatedSchedule, Simulation } from './runtime/insight.ts';
import { onlyIfText, type FormatTime } from './whyText.ts';

/** What the schedules of a folder would start in the next seven days, line by line. */
export function describeSimulation(found: Simulation, formatTime: FormatTime, t: Translate): string[] {
  if (found.schedules.length === 0) return [t('No agent has a schedule: nothing starts by itself.')];
  const { schedules, days, collisions, from, to } = found;
  return [
    t(
      'From {0} to {1}, if nothing else wakes an agent and everything stays as it is now.',
      formatTime(from),
      formatTime(to),
    ),
    '',
    t('A day'),
    ...days.map((day) => `  ${day.date}  ${describeDay(day, t)}`),
    '',
    t('By agent'),
    ...schedules.flatMap((schedule) => describeSchedule(schedule, formatTime, t)),
    '',
    t('Collisions until {0}, with {1} slots', formatTime(found.collisionsUntil), found.slots),
    ...(collisions.length === 0 ? [`  ${t('none')}`] : collisions.map((one) => describeCollision(one, formatTime, t))),
  ];
}

function describeDay(day: SimulatedDay, t: Translate): string {
  const { starts, runMs, withoutTime, withoutCost } = day;
  if (starts === 0) return t('no run');
  const time =
    starts === withoutTime ? t('run time unknown') : t('run time {0}', bound(formatDuration(runMs), withoutTime, t));
  const cost = starts === withoutCost ? t('cost unknown') : t('cost {0}', bound(formatCost(day, t), withoutCost, t));
  return [t('runs: {0}', starts), time, cost].join(' · ');
}

/** A sum that lacks what is not known says so. */
function bound(text: string, unknown: number, t: Translate): string {
  return unknown === 0 ? text : t('at least {0}, unknown for {1} of them', text, unknown);
}

function describeSchedule(schedule: SimulatedSchedule, formatTime: FormatTime, t: Translate): string[] {
  const { agent, heartbeat, obstacle, next, starts, quiet, isEstimated, skipsWhenIdle, onlyIf, runMs } = schedule;
  const name = heartbeat === null ? agent : `${agent} (${heartbeat})`;
  if (obstacle !== null)
    return [`  ${name}  ${t('nothing, as long as it is held: {0}', obstacle.replaceAll('_', ' '))}`];
  const facts = [
    isEstimated ? t('about {0} runs', starts) : t('runs: {0}', starts),
    runMs === null ? t('run time unknown') : t('{0} each', formatDuration(runMs)),
    schedule.costMicros === null ? t('cost unknown') : t('{0} each', formatCost(schedule, t)),
    ...(quiet === 0 ? [] : [t('skipped in quiet hours: {0}', quiet)]),
    ...(skipsWhenIdle && onlyIf.length === 0 ? [t('fewer when there is nothing to do')] : []),
    ...(onlyIf.length > 0 ? [t('if there is something to do, or something changed: {0}', onlyIfText(onlyIf, t))] : []),
  ];
  const times = next.length === 0 ? [] : [`    ${t('next: {0}', next.map(formatTime).join(' · '))}`];
  return [`  ${name}  ${facts.join(' · ')}`, ...times];
}

function describeCollision(
  { agent, kind, other, count, firstAt }: SimulatedCollision,
  formatTime: FormatTime,
  t: Translate,
): string {
  const texts: Record<SimulatedCollision['kind'], string> = {
    self: t('{0} is still at it, and skips the heartbeat', agent),
    agent: t('{0} has as many runs as it may have at a time, and waits', agent),
    cwd: t('{0} waits for {1} in the same directory', agent, other ?? ''),
    slots: t('{0} waits for a free slot', agent),
  };
  return `  ${texts[kind]} · ${t('{0} times, first at {1}', count, formatTime(firstAt))}`;
}
