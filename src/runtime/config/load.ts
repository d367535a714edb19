import { open, lstat, realpath } from 'node:fs/promises';
import path from 'node:path';
import type { AgentDefinition } from '../definition.ts';
import { systemErrorCode, toError } from '../errors.ts';
import type { ConfigurationProblem } from '../model.ts';
import { findTemplateMistakes } from '../prompts/promptTemplate.ts';
import { toRelative } from './executedFiles.ts';
import { configurationSchema, type Configuration } from './schema.ts';
import { toSchemaProblems } from './schemaProblems.ts';
import { toDefinitions } from './toDefinitions.ts';
import { parseYaml, type YamlText } from './yamlText.ts';

/** What the configuration file of a folder says; `path` is absolute, of the file, existing or not. */
export type LoadedConfiguration =
  | { readonly status: 'missing'; readonly path: string }
  | { readonly status: 'invalid'; readonly path: string; readonly problems: readonly ConfigurationProblem[] }
  | {
      readonly status: 'ok';
      readonly path: string;
      readonly org: string | null;
      readonly agents: readonly AgentDefinition[];
    };

const largestBytes = 1024 * 1024;
const mostProblems = 50;

/** Where the configuration of a folder lies. */
export function configurationPath(folder: string): string {
  return path.join(folder, '.reveille', 'reveille.yaml');
}

/** Reads the configuration of a folder (absolute path). Whatever is wrong with the file is in the result; never throws. */
export async function loadConfiguration(folder: string): Promise<LoadedConfiguration> {
  const file = configurationPath(folder);
  try {
    if (!(await exists(file))) return { status: 'missing', path: file };
    const content = await readInside(folder, file);
    return typeof content === 'string' ? refuse(file, content) : parseConfiguration(content, folder);
  } catch (error) {
    // Between two looks the file may be gone: a checkout takes it away for a moment.
    if (systemErrorCode(error) === 'ENOENT' && !(await exists(file).catch(() => true)))
      return { status: 'missing', path: file };
    return refuse(file, `The file cannot be read: ${toError(error).message}`);
  }
}

/** Judges the bytes of a configuration file. Pure. */
export function parseConfiguration(content: Uint8Array, folder: string): LoadedConfiguration {
  const file = configurationPath(folder);
  if (content.length > largestBytes) return refuse(file, 'The file is larger than 1 MB.');
  const text = decode(content);
  if (text === null) return refuse(file, 'The file is not UTF-8 text.');
  const yaml = parseYaml(text);
  if (yaml.problems.length > 0) return invalid(file, yaml.problems);
  if (yaml.value === null || yaml.value === undefined) return refuse(file, 'The file is empty; it needs "agents:".');
  const parsed = configurationSchema.safeParse(yaml.value, { reportInput: true });
  if (!parsed.success) {
    const problems = toSchemaProblems(parsed.error.issues, mostProblems);
    return invalid(
      file,
      problems.map(({ message, path: place, at }) => ({ message, ...yaml.locate(place, at) })),
    );
  }
  const mistakes = findPromptMistakes(parsed.data.agents, yaml);
  if (mistakes.length > 0) return invalid(file, mistakes);
  const agents = toDefinitions(parsed.data, folder);
  const uncovered = findForeignSettings(agents, folder, yaml);
  if (uncovered.length > 0) return invalid(file, uncovered);
  return { status: 'ok', path: file, org: parsed.data.org?.name ?? null, agents };
}

/** Templates that could not be rendered at the start of a run are mistakes of the file. */
function findPromptMistakes(agents: Configuration['agents'], yaml: YamlText): ConfigurationProblem[] {
  return Object.entries(agents).flatMap(([key, agent]) =>
    promptFields.flatMap((field) => {
      const place = ['agents', key, field];
      return findTemplateMistakes(agent[field] ?? '').map(({ message, line, column }) => ({
        message: `${place.join('.')}: ${message}`,
        ...yaml.locateInside(place, { line, column }),
      }));
    }),
  );
}

/** What is accepted covers files of the folder: settings that a program would read elsewhere could change without a word. */
function findForeignSettings(
  agents: readonly AgentDefinition[],
  folder: string,
  yaml: YamlText,
): ConfigurationProblem[] {
  return agents
    .filter(({ claude, cwd }) => claude?.projectSettings === true && toRelative(cwd, folder) === null)
    .map(({ key }) => {
      const place = ['agents', key, 'projectSettings'];
      const message = `${place.join('.')}: its cwd is outside of the folder, whose settings nobody could accept here; take projectSettings away, or choose a cwd in the folder`;
      return { message, ...yaml.locate(place, 'value') };
    });
}

const promptFields = ['bootstrapPromptTemplate', 'promptTemplate'] as const;

function refuse(file: string, message: string): LoadedConfiguration {
  return invalid(file, [{ message, line: 1, column: 1 }]);
}

function invalid(file: string, problems: readonly ConfigurationProblem[]): LoadedConfiguration {
  const sorted = problems.toSorted((a, b) => a.line - b.line || a.column - b.column);
  return { status: 'invalid', path: file, problems: sorted.slice(0, mostProblems) };
}

async function exists(file: string): Promise<boolean> {
  try {
    await lstat(file);
    return true;
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return false;
    throw error;
  }
}

/** The bytes (at most one more than allowed), or a sentence that says why they are not read. */
async function readInside(folder: string, file: string): Promise<Uint8Array | string> {
  const real = await realpath(file);
  const fromFolder = path.relative(await realpath(folder), real);
  if (fromFolder.split(path.sep)[0] === '..' || path.isAbsolute(fromFolder)) {
    return 'The file is a link to a place outside the folder; such a file is not read.';
  }
  // Before opening: to open a named pipe would wait for its writer.
  if (!(await lstat(real)).isFile()) return 'There is something else than a file in its place.';
  const handle = await open(real, 'r');
  try {
    return await readAtMost(handle, largestBytes + 1);
  } finally {
    await handle.close();
  }
}

async function readAtMost(handle: Awaited<ReturnType<typeof open>>, limit: number): Promise<Uint8Array> {
  const buffer = Buffer.alloc(limit);
  let length = 0;
  while (length < limit) {
    const { bytesRead } = await handle.read(buffer, length, limit - length, null);
    if (bytesRead === 0) break;
    length += bytesRead;
  }
  return buffer.subarray(0, length);
}

/** Null for what is not text. A byte order mark is dropped. */
function decode(content: Uint8Array): string | null {
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(content);
    return text.includes('\0') ? null : text;
  } catch {
    // A TypeError is how the decoder says that the bytes are not UTF-8.
    return null;
  }
}
