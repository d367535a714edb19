import { posix, win32 } from 'node:path';
import type { AgentDefinition } from '../definition.ts';
import type { SessionParams } from '../model.ts';
import type { Adapter, ProgramPlan, RunRequest } from './adapter.ts';
import { toConversationId } from './conversationId.ts';
import { JsonLinesReader } from './jsonLines.ts';
import { toRunEnvironment } from './runEnvironment.ts';

/** Drives any program: facts in its environment, the prompt on its standard input, its exit code as the result. */
export const processAdapter: Adapter = {
  type: 'process',
  capabilities: ({ protocol }) =>
    protocol === 'jsonl'
      ? { resume: true, usage: 'perMessage', permissions: 'asked', stop: 'signal', success: 'exit' }
      : { resume: false, usage: 'none', permissions: 'none', stop: 'signal', success: 'exit' },
  check: () => ({ findings: [], probes: [] }),
  plan: (definition, request) => planProcess(process.platform, definition, request),
  read: ({ protocol }) => (protocol === 'jsonl' ? new JsonLinesReader() : null),
  codec: { parse: parseSession, displayId: ({ id = '' }) => id },
  books: null,
};

/** A program names its conversation itself, with the line `session`. */
function parseSession(stored: unknown): SessionParams | null {
  const id = toConversationId(((stored ?? {}) as { id?: unknown }).id);
  return id === null ? null : { id };
}

/** The plan of a run of type `process` on the given platform. */
export function planProcess(platform: NodeJS.Platform, definition: AgentDefinition, request: RunRequest): ProgramPlan {
  return {
    file: definition.shell ? toCommandLine(platform, definition) : toFile(platform, definition, request),
    args: definition.shell ? [] : definition.args,
    shell: definition.shell,
    cwd: definition.cwd,
    env: {
      ...toRunEnvironment(platform, definition, request),
      ...(request.session?.['id'] !== undefined && { REVEILLE_SESSION: request.session['id'] }),
    },
    ...toInput(definition, request),
  };
}

/** A program that can be answered gets its prompt as a line, because its input does not end there. */
function toInput({ protocol }: AgentDefinition, { prompt }: RunRequest): { kind: 'process' | 'duplex'; stdin: string } {
  if (protocol === 'text') return { kind: 'process', stdin: prompt };
  return { kind: 'duplex', stdin: `${JSON.stringify({ reveille: 'prompt', text: prompt })}\n` };
}

/** A relative path counts from the workspace folder, a bare name is left to the PATH. */
export function toFile(
  platform: NodeJS.Platform,
  { command }: Pick<AgentDefinition, 'command'>,
  { workspaceFolder }: Pick<RunRequest, 'workspaceFolder'>,
): string {
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
