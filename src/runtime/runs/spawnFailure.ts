import { access, constants, stat } from 'node:fs/promises';
import { delimiter, isAbsolute, join } from 'node:path';
import type { ProgramPlan } from '../adapters/adapter.ts';
import { systemErrorCode } from '../errors.ts';
import type { RunErrorCode } from '../model.ts';
import type { Setback } from './setback.ts';

/** Why nothing was started, for a person: what happened and what to do next. */
export interface SpawnFailure {
  readonly errorCode: RunErrorCode;
  readonly message: string;
  readonly setback: Setback | null;
}

/**
 * Finds out why a program could not be started, from the code of the system's error (undefined if it had none) and its
 * text. Looks at the disk only now: asking before each start would cost every run what only failed ones need.
 */
export async function explainSpawnFailure(
  plan: ProgramPlan,
  code: string | undefined,
  text: string,
): Promise<SpawnFailure> {
  const folderProblem = await findFolderProblem(plan.cwd);
  if (folderProblem !== null) return { errorCode: 'cwd_missing', message: folderProblem, setback: null };
  if (code === 'ENOENT') return explainMissing(plan);
  if (code === 'EACCES')
    return failed(
      `“${plan.file}” may not be executed. Make it executable (chmod +x), or name its interpreter as the command.`,
    );
  if (code === 'E2BIG')
    return failed(
      `“${plan.file}” was not started: its arguments and environment are too long for this system. Shorten them.`,
    );
  if (code === 'EAGAIN' || code === 'EMFILE' || code === 'ENFILE' || code === 'ENOMEM') {
    const message = `“${plan.file}” was not started: this machine is out of processes, files or memory (${code}). Close something if it stays so.`;
    return { errorCode: 'temporary_failure', message, setback: { kind: 'transient' } };
  }
  return failed(`“${plan.file}” could not be started: ${text}. Check the agent's command and arguments.`);
}

function failed(message: string): SpawnFailure {
  return { errorCode: 'spawn_failed', message, setback: null };
}

async function findFolderProblem(cwd: string): Promise<string | null> {
  try {
    if (!(await stat(cwd)).isDirectory())
      return `The agent's cwd “${cwd}” is not a folder. Correct cwd in the configuration.`;
    await access(cwd, constants.X_OK);
    return null;
  } catch (error) {
    return systemErrorCode(error) === 'EACCES'
      ? `The agent's cwd “${cwd}” may not be entered. Correct its permissions, or cwd in the configuration.`
      : `The agent's cwd “${cwd}” does not exist. Create it, or correct cwd in the configuration.`;
  }
}

async function explainMissing({ file, shell, env }: ProgramPlan): Promise<SpawnFailure> {
  if (shell) return failed(`The system's shell was not found, so “${file}” was not started.`);
  if (await isFile(file, env)) {
    return failed(
      `“${file}” exists, but the interpreter named in its first line does not. Install that, or correct the line.`,
    );
  }
  const advice = /^\S+\s+\S/.test(file)
    ? 'If it is a program with arguments, put these in args, or set shell: true.'
    : 'Install it, or correct command in the configuration.';
  if (isAbsolute(file))
    return { errorCode: 'command_not_found', message: `“${file}” does not exist. ${advice}`, setback: null };
  const path = searchPath(env);
  const where = path === '' ? 'no PATH is set' : `looked in PATH: ${path}`;
  const message = `Command “${file}” was not found (${where}). ${advice}`;
  return { errorCode: 'command_not_found', message, setback: null };
}

async function isFile(file: string, env: ProgramPlan['env']): Promise<boolean> {
  const candidates = isAbsolute(file)
    ? [file]
    : searchPath(env)
        .split(delimiter)
        .map((folder) => join(folder, file));
  const found = await Promise.all(
    candidates.map((path) =>
      stat(path).then(
        (stats) => stats.isFile(),
        () => false,
      ),
    ),
  );
  return found.includes(true);
}

function searchPath(env: ProgramPlan['env']): string {
  return Object.entries(env).find(([name]) => name.toUpperCase() === 'PATH')?.[1] ?? '';
}
