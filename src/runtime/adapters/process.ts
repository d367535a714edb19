import { posix, win32 } from 'node:path';
import type { AgentDefinition } from '../definition.ts';
import type { Adapter, ProcessPlan, RunRequest } from './adapter.ts';
import { layerEnvironments } from './environmentLayers.ts';
import { JsonLinesReader } from './jsonLines.ts';

const reservedPrefix = 'REVEILLE_';

/** Drives any program: facts in its environment, the prompt on its standard input, its exit code as the result. */
export const processAdapter: Adapter = {
  type: 'process',
  plan: (definition, request) => planProcess(process.platform, definition, request),
  read: ({ protocol }) => (protocol === 'jsonl' ? new JsonLinesReader() : null),
};

/** The plan of a run of type `process` on the given platform. */
export function planProcess(platform: NodeJS.Platform, definition: AgentDefinition, request: RunRequest): ProcessPlan {
  return {
    kind: 'process',
    file: definition.shell ? toCommandLine(platform, definition) : toFile(platform, definition, request),
    args: definition.shell ? [] : definition.args,
    shell: definition.shell,
    cwd: definition.cwd,
    env: layerEnvironments(platform, [
      request.baseEnvironment,
      withoutReserved(definition.env),
      withoutNulls(describeRun(request)),
    ]),
    ...toInput(definition, request),
  };
}

/** A program that can be answered gets its prompt as a line, because its input does not end there. */
function toInput({ protocol }: AgentDefinition, { prompt }: RunRequest): Pick<ProcessPlan, 'stdin' | 'keepsInput'> {
  if (protocol === 'text') return { stdin: prompt };
  return { stdin: `${JSON.stringify({ reveille: 'prompt', text: prompt })}\n`, keepsInput: true };
}

/** A relative path counts from the workspace folder, a bare name is left to the PATH. */
function toFile(platform: NodeJS.Platform, { command }: AgentDefinition, { workspaceFolder }: RunRequest): string {
  const path = platform === 'win32' ? win32 : posix;
  const isPath = command.includes('/') || (platform === 'win32' && command.includes('\\'));
  return isPath ? path.resolve(workspaceFolder, command) : command;
}

function toCommandLine(platform: NodeJS.Platform, { command, args }: AgentDefinition): string {
  const quote = platform === 'win32' ? quoteForCmd : quoteForSh;
  return [command, ...args.map(quote)].join(' ');
}

function quoteForSh(argument: string): string {
  return /^[\w@%+=:,./-]+$/.test(argument) ? argument : `'${argument.replaceAll("'", String.raw`'\''`)}'`;
}

/** Quotes as the C runtime of Windows reads it, then hides what `cmd.exe` itself would interpret. */
function quoteForCmd(argument: string): string {
  if (/^[\w@+=:,./\\-]+$/.test(argument)) return argument;
  const quoted = `"${argument.replace(/(\\*)"/g, '$1$1\\"').replace(/(\\+)$/, '$1$1')}"`;
  return quoted.replace(/[()%!^"<>&|]/g, '^$&');
}

function describeRun(request: RunRequest): Record<string, string> {
  const { issue } = request;
  return {
    REVEILLE_RUN_ID: request.runId,
    REVEILLE_AGENT: request.agentKey,
    REVEILLE_TASK_KEY: request.taskKey,
    REVEILLE_SESSION_RUN: String(request.sessionRun),
    REVEILLE_WAKE_SOURCE: request.source,
    REVEILLE_WAKE_REASON: request.reason,
    REVEILLE_WORKSPACE: request.workspaceFolder,
    ...(issue !== null && {
      REVEILLE_ISSUE_ID: issue.id,
      REVEILLE_ISSUE_NUMBER: String(issue.number),
      REVEILLE_ISSUE_TITLE: issue.title,
    }),
  };
}

/** A definition cannot speak for Reveille, not even where Reveille says nothing. */
function withoutReserved(env: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !name.toUpperCase().startsWith(reservedPrefix)));
}

/** No system can pass a NUL in its environment; a pasted title may hold one. */
function withoutNulls(env: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(env).map(([name, value]) => [name, value.replaceAll('\0', '')]));
}
