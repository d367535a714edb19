import { stringify } from 'yaml';
import type { AgentDefinition } from '../definition.ts';
import type { HeartbeatPolicy } from '../model.ts';
import { describeOptions } from './describeOptions.ts';
import { toRelative } from './executedFiles.ts';

/** Characters that a person would not see, or that turn the direction of text: a command must look like what it is. */
const deceptive =
  /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202f\u2060-\u206f\ufeff\u{e0000}-\u{e007f}]/gu;

/** The command line (or request) as a person would read it, quoted where needed, with invisible characters made visible. */
export function commandLine({
  command,
  args,
  shell,
  http = null,
}: Pick<AgentDefinition, 'command' | 'args' | 'shell'> & Partial<Pick<AgentDefinition, 'http'>>): string {
  if (http !== null) return `POST ${reveal(http.url)}`;
  return [shell ? reveal(command) : quote(command), ...args.map(quote)].join(' ');
}

/** One sentence: what accepting the definition would allow to be executed, where, for how long and how often. */
export function summarizeDefinition(definition: AgentDefinition, folder: string): string {
  const runs = `runs \`${commandLine(definition)}\`${definition.shell ? ' in a shell' : ''} in ${toShownCwd(definition, folder)}`;
  const limit =
    definition.timeoutSec === 0 ? 'without a time limit' : `at most ${formatSeconds(definition.timeoutSec)}`;
  const names = Object.keys(definition.env);
  const environment = names.length === 0 ? '' : `, with ${names.map(quote).join(', ')} in its environment`;
  return `${runs}, ${limit}, ${describeSchedule(definition.heartbeat)}${describeNamed(definition)}${environment}${describeOptions(definition, quote)}`;
}

/**
 * The whole definition as YAML text for a diff editor. The fingerprint adds a line for the content of the workspace files
 * that it executes, so that a changed script shows.
 */
export function describeDefinition(definition: AgentDefinition, folder: string, fingerprint?: string): string {
  const { key, ...fields } = definition;
  const { env, heartbeat, ...others } = fields;
  const shown = { ...others, cwd: toShownCwd(definition, folder), env: sortKeys(env), heartbeat };
  const files = fingerprint?.split('.')[1];
  const footer =
    files === undefined ? '' : `# content of the workspace files that it executes: ${files.slice(0, 16)}\n`;
  const text = stringify({ agents: { [key]: shown } }, { lineWidth: 0 });
  return text.split('\n').map(reveal).join('\n') + footer;
}

function sortKeys(env: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(env).sort(([a], [b]) => (a < b ? -1 : 1)));
}

function toShownCwd({ cwd }: AgentDefinition, folder: string): string {
  const relative = toRelative(cwd, folder);
  return relative === null ? reveal(cwd) : reveal(`./${relative}`);
}

function describeSchedule(heartbeat: HeartbeatPolicy): string {
  if (!heartbeat.enabled) return 'not on a schedule';
  if (heartbeat.cron !== null) {
    return `on the schedule \`${heartbeat.cron}\`${heartbeat.timezone === null ? '' : ` (${heartbeat.timezone})`}`;
  }
  return heartbeat.intervalSec === 0 ? 'not on a schedule' : `every ${formatSeconds(heartbeat.intervalSec)}`;
}

function describeNamed({ heartbeat, namedHeartbeats }: AgentDefinition): string {
  if (!heartbeat.enabled) return '';
  return namedHeartbeats
    .map(
      ({ name, cron, timezone }) =>
        `, in the heartbeat ${name} \`${cron}\`${timezone === null ? '' : ` (${timezone})`}`,
    )
    .join('');
}

const units = [
  { seconds: 86_400, one: 'day', many: 'days' },
  { seconds: 3600, one: 'hour', many: 'hours' },
  { seconds: 60, one: 'min', many: 'min' },
  { seconds: 1, one: 's', many: 's' },
];

/** Exact, in the largest unit that divides it: "90 min" rather than "1.5 hours". */
function formatSeconds(seconds: number): string {
  const unit = units.find((candidate) => seconds % candidate.seconds === 0);
  if (unit === undefined) return `${String(seconds)} s`;
  const count = seconds / unit.seconds;
  return `${String(count)} ${count === 1 ? unit.one : unit.many}`;
}

function quote(word: string): string {
  const visible = reveal(word);
  if (visible !== word) return `"${visible.replaceAll('"', '\\"')}"`;
  if (/^[\p{L}\p{N}@%+=:,./\\_-]+$/u.test(word)) return word;
  return word.includes("'") ? `"${word.replaceAll('"', '\\"')}"` : `'${word}'`;
}

function reveal(text: string): string {
  return text.replace(deceptive, (character) => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`);
}
