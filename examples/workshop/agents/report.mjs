import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';

/** Writes a report below reports/ and answers its path relative to the workspace, for people. */
export async function writeReport(name, lines) {
  await mkdir('reports', { recursive: true });
  const file = path.posix.join('reports', name);
  await writeFile(file, `${lines.join('\n')}\n`);
  return file;
}
