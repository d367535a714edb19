/** Lists every TODO and FIXME comment of the workspace, with file and line, in reports/todos.md. */
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { say } from './pace.mjs';
import { writeReport } from './report.mjs';

const marker = /(?:\/\/|\/\*|#|<!--)\s*(TODO|FIXME)\b:?\s*(.*?)\s*(?:\*\/|-->)?$/;
const skipped = new Set(['node_modules', 'reports', '.git', 'agents']);
const known = new Set(['.js', '.mjs', '.ts', '.css', '.html', '.md', '.yaml', '.yml']);

async function* sourceFiles(folder) {
  const entries = await readdir(folder, { withFileTypes: true });
  for (const entry of entries.sort((a, b) => a.name.localeCompare(b.name))) {
    const file = path.join(folder, entry.name);
    if (entry.isDirectory() && !skipped.has(entry.name)) yield* sourceFiles(file);
    else if (entry.isFile() && known.has(path.extname(entry.name))) yield file;
  }
}

async function findNotes(file) {
  const lines = (await readFile(file, 'utf8')).split(/\r?\n/);
  return lines.flatMap((line, index) => {
    const match = marker.exec(line);
    if (match === null) return [];
    return [{ kind: match[1], text: match[2], place: `${file.split(path.sep).join('/')}:${index + 1}` }];
  });
}

function section(title, notes) {
  if (notes.length === 0) return [];
  return ['', `## ${title}`, '', ...notes.map((note) => `- \`${note.place}\` ${note.text}`)];
}

await say('Surveyor: looking for TODO and FIXME comments.');
const notes = [];
let files = 0;
for await (const file of sourceFiles('.')) {
  files += 1;
  const found = await findNotes(file);
  if (found.length === 0) continue;
  await say(`\n${file}`);
  for (const note of found) await say(`  ${note.place}  ${note.kind}  ${note.text}`);
  notes.push(...found);
}

const of = (kind) => notes.filter((note) => note.kind === kind);
const counts = `${of('FIXME').length} to fix, ${of('TODO').length} to do, in ${files} files`;
const report = await writeReport('todos.md', [
  '# Open notes in the source',
  '',
  `${counts}.`,
  ...section('To fix', of('FIXME')),
  ...section('To do', of('TODO')),
]);
await say(`\n${counts}.`);
await say(`Wrote ${report}.`);
