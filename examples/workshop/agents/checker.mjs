/** Runs the workspace's own tests, tells each result as it comes, and exits with 1 when a test fails. */
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { run } from 'node:test';
import { say } from './pace.mjs';
import { writeReport } from './report.mjs';

const indent = (text) => text.replace(/^/gm, '    ');
/** The failed assertion itself; node:test wraps it in an error of its own. */
const reasonOf = (details) => {
  const { cause } = details.error;
  return cause instanceof Error || typeof cause?.message === 'string'
    ? cause.message
    : String(cause ?? details.error.message);
};
/** A file that could not even be loaded is reported under its own name, as one failed test. */
const isFileItself = (event, files) =>
  files.includes(event.name) && event.details.error?.failureType !== 'uncaughtException';

const names = (await readdir('test')).filter((name) => name.endsWith('.test.js')).sort();
const files = names.map((name) => path.resolve('test', name));
await say(`Checker: running ${files.length} test files.\n`);

const failures = [];
let passed = 0;
for await (const { type, data } of run({ files })) {
  if (type !== 'test:pass' && type !== 'test:fail') continue;
  if (data.nesting > 0 || isFileItself(data, files)) continue;
  const place = `${path
    .relative('.', data.file ?? '')
    .split(path.sep)
    .join('/')}:${data.line ?? 1}`;
  if (type === 'test:pass') {
    passed += 1;
    await say(`  ok    ${data.name}`);
  } else {
    failures.push({ name: data.name, place, reason: reasonOf(data.details) });
    await say(`  FAIL  ${data.name}  (${place})`);
  }
}

const counts = `${passed} passed, ${failures.length} failed`;
const explained = failures.flatMap(({ name, place, reason }) => [
  '',
  `## ${name}`,
  '',
  `\`${place}\``,
  '',
  indent(reason),
]);
const report = await writeReport('checks.md', ['# Test results', '', `${counts}.`, ...explained]);
for (const { name, place, reason } of failures) await say(`\n${place}  ${name}\n${indent(reason)}`);
await say(`\n${counts}. Wrote ${report}.`);
process.exitCode = failures.length === 0 ? 0 : 1;
