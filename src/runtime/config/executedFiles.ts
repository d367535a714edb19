import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { lstat, realpath, stat } from 'node:fs/promises';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { AgentDefinition } from '../definition.ts';
import { systemErrorCode } from '../errors.ts';
import { findProjectSettings } from './projectSettings.ts';

/** Arguments that name larger files are data rather than programs; their size stands for their content. */
const largestHashedBytes = 5 * 1024 * 1024;

/** What Windows appends to a command that has no extension; a file that appears under such a name would be run. */
const windowsExtensions = ['.com', '.exe', '.bat', '.cmd'];

/** A file of the folder that a definition executes, or may. */
export interface ExecutedFile {
  /** Relative to the folder, with forward slashes. */
  readonly path: string;
  /** SHA-256 of the content in hex; for links that leave the folder and for large files, a text that says so. */
  readonly content: string;
}

/**
 * The existing regular files inside the folder that starting the definition would execute, as far as its command line
 * names them: the command, the arguments (also behind `=`), and the words of a shell line; the same of its servers of tools; and the
 * settings that its program takes from the folder, if it may. Sorted by path.
 */
export async function findExecutedFiles(definition: AgentDefinition, folder: string): Promise<ExecutedFile[]> {
  const servers = serversOf(definition);
  const commands = [
    ...toCommandPaths(definition, folder, process.platform),
    // Its program starts them, where it works itself.
    ...servers.flatMap((server) => toCommandPaths(server, definition.cwd, process.platform)),
  ];
  const candidates = new Set([...commands, ...[definition, ...servers].flatMap(toArgumentPaths)]);
  const settings =
    definition.claude?.projectSettings === true ? await findProjectSettings(definition.cwd, folder) : null;
  for (const file of settings?.files ?? []) candidates.add(file);
  const wholes = new Set([...commands, ...(settings?.files ?? [])]);
  const files = await Promise.all(
    [...candidates].map((candidate) => identify(candidate, folder, wholes.has(candidate))),
  );
  const links = (settings?.links ?? []).map(({ path: link, target }) => {
    const relative = toRelative(link, folder);
    return relative === null ? null : { path: relative, content: `link to ${target}` };
  });
  return [...files, ...links]
    .filter((file) => file !== null)
    .filter((file, index, all) => all.findIndex((other) => other.path === file.path) === index)
    .sort((a, b) => (a.path < b.path ? -1 : 1));
}

/** The absolute paths that the command may stand for on a platform. */
export function toCommandPaths(
  { command, shell }: Pick<AgentDefinition, 'command' | 'shell'>,
  folder: string,
  platform: NodeJS.Platform,
): string[] {
  if (shell) return [];
  const plain = (platform === 'win32' ? path.win32 : path.posix).resolve(folder, command);
  return platform === 'win32' ? [plain, ...windowsExtensions.map((extension) => plain + extension)] : [plain];
}

type Started = Pick<AgentDefinition, 'command' | 'args' | 'shell' | 'cwd'>;

/** The servers of tools that its program starts, as if they were definitions. */
function serversOf({ claude, codex, cwd }: AgentDefinition): Started[] {
  return [claude, codex]
    .flatMap((options) => Object.values(options?.mcpServers ?? {}))
    .flatMap((server) =>
      server.type === 'stdio' ? [{ command: server.command, args: server.args, shell: false, cwd }] : [],
    );
}

function toArgumentPaths({ command, args, shell, cwd }: Started): string[] {
  const words = shell ? command.split(/[\s'"`;|&()<>$]+/) : [];
  const texts = [...words, ...args].flatMap((word) => [word, ...word.split('=').slice(1)]);
  return texts.filter((word) => word !== '' && !word.includes('\0')).map((word) => path.resolve(cwd, word));
}

async function identify(file: string, folder: string, isCommand: boolean): Promise<ExecutedFile | null> {
  const relative = toRelative(file, folder);
  if (relative === null) return null;
  try {
    if (!(await stat(file)).isFile()) return null;
    const [realFile, realFolder] = await Promise.all([realpath(file), realpath(folder)]);
    if (toRelative(realFile, realFolder) === null) return { path: relative, content: `link to ${realFile}` };
    const { size } = await lstat(realFile);
    if (size > largestHashedBytes && !isCommand) return { path: relative, content: `${String(size)} bytes` };
    return { path: relative, content: await hashFile(realFile) };
  } catch (error) {
    // A program can be executable without being readable, so that is not the same as missing.
    const code = systemErrorCode(error) ?? 'unknown';
    return code === 'ENOENT' || code === 'ENOTDIR' ? null : { path: relative, content: `unreadable: ${code}` };
  }
}

/** The path from the folder with forward slashes; null for what lies outside of it. */
export function toRelative(file: string, folder: string): string | null {
  const relative = path.relative(folder, file);
  if (path.isAbsolute(relative) || relative.split(path.sep)[0] === '..') return null;
  return relative.split(path.sep).join('/');
}

async function hashFile(file: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(file), hash);
  return hash.digest('hex');
}
