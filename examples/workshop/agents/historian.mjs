/** Writes reports/changes.md: the last commits by day, and the files that change most. */
import { execFileSync } from 'node:child_process';
import { say } from './pace.mjs';
import { writeReport } from './report.mjs';

const commitCount = 200;
const separator = '\u001f';

function git(...args) {
  return execFileSync('git', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
}

function readCommits() {
  const text = git(
    'log',
    `--max-count=${commitCount}`,
    '--date=short',
    '--name-only',
    `--format=${separator}%h${separator}%ad${separator}%an${separator}%s`,
  );
  return text.split('\n').reduce((commits, line) => {
    if (line.startsWith(separator)) {
      const [, id, day, author, subject] = line.split(separator);
      commits.push({ id, day, author, subject, files: [] });
    } else if (line !== '') commits.at(-1).files.push(line);
    return commits;
  }, []);
}

function tryReadCommits() {
  try {
    return readCommits();
  } catch (error) {
    process.stderr.write(`Historian: git has no history to tell: ${String(error.stderr || error.message).trim()}\n`);
    process.exit(1);
  }
}

await say('Historian: reading the git history.\n');
const commits = tryReadCommits();
const lines = ['# What changed'];
for (const [day, ofDay] of groupByDay(commits)) {
  await say(day);
  lines.push('', `## ${day}`, '');
  for (const { id, author, subject, files } of ofDay) {
    await say(`  ${id}  ${subject}  (${files.length} files)`);
    lines.push(`- \`${id}\` ${subject} — ${author}, ${files.length} files`);
  }
}

const changes = new Map();
for (const file of commits.flatMap((commit) => commit.files)) changes.set(file, (changes.get(file) ?? 0) + 1);
const busiest = [...changes].sort(([, a], [, b]) => b - a).slice(0, 10);
lines.push('', '## Files that change most', '', ...busiest.map(([file, count]) => `- \`${file}\` ${count}×`));
await say(
  `\n${commits.length} ${commits.length === 1 ? 'commit' : 'commits'}. Wrote ${await writeReport('changes.md', lines)}.`,
);

function groupByDay(list) {
  const days = new Map();
  for (const commit of list) days.set(commit.day, [...(days.get(commit.day) ?? []), commit]);
  return days;
}
