import type { z } from 'zod';
import { adapterTypes } from '../definition.ts';
import { knownKeysAt } from './schema.ts';

type Issue = z.core.$ZodIssue;
type Path = readonly PropertyKey[];

/** A mistake at a place of the file's tree; `at` says whether the key or the value is at fault. */
export interface SchemaProblem {
  readonly path: Path;
  readonly at: 'key' | 'value';
  readonly message: string;
}

/** Of one map; a file that is something else altogether has thousands. */
const mostUnknownKeys = 20;

const typeNames: Readonly<Record<string, string>> = {
  string: 'text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  object: 'a map',
  record: 'a map',
  array: 'a list',
};

/** Says the issues of a validation (made with `reportInput`) in a person's words, each beginning with the place; the first `limit` of them. */
export function toSchemaProblems(issues: readonly Issue[], limit: number): SchemaProblem[] {
  return issues
    .slice(0, limit)
    .flatMap((issue) => describeIssue(issue, issue.path))
    .slice(0, limit);
}

function describeIssue(issue: Issue, path: Path): SchemaProblem[] {
  switch (issue.code) {
    case 'unrecognized_keys':
      return issue.keys
        .slice(0, mostUnknownKeys)
        .map((key) => problem([...path, key], describeUnknownKey(key, path, issue.input), 'key'));
    case 'invalid_union':
      return describeUnion(issue, path);
    case 'invalid_key':
      return issue.issues.map((inner) => problem(path, inner.message, 'key'));
    default:
      return [problem(path, describeValue(issue))];
  }
}

function problem(path: Path, message: string, at: 'key' | 'value' = 'value'): SchemaProblem {
  const place = path.map(String).join('.');
  return { path, at, message: place === '' ? message : `${place}: ${message}` };
}

function describeValue(issue: Issue): string {
  switch (issue.code) {
    case 'invalid_type':
      if (issue.input === undefined) return 'missing';
      return describeMismatch(typeNames[issue.expected] ?? issue.expected, issue.input);
    case 'invalid_value':
      if (issue.input === undefined) return `missing; expected ${issue.values.map(String).join(' or ')}`;
      return describeMismatch(issue.values.map(String).join(' or '), issue.input);
    case 'too_small':
      return `must be at least ${String(issue.minimum)}`;
    case 'too_big':
      return `must be at most ${String(issue.maximum)}`;
    default:
      return issue.message;
  }
}

function describeMismatch(expected: string, input: unknown): string {
  const hint = expected === 'text' && ['number', 'boolean'].includes(typeof input) ? '; put it in quotes' : '';
  return `expected ${expected}, found ${describeInput(input, expected)}${hint}`;
}

function describeInput(input: unknown, expected: string): string {
  if (input === null) return 'nothing';
  if (Array.isArray(input)) return 'a list';
  if (typeof input === 'object') return 'a map';
  if (typeof input === 'boolean') return String(input);
  if (typeof input === 'number') return expected === 'text' ? 'a number' : String(input);
  return typeof input === 'string' && input.length <= 40 && expected !== 'a map' && expected !== 'a list'
    ? `"${input}"`
    : 'text';
}

/** Of maps that a key tells apart: what that key may say. */
function describeDiscriminator(key: string, issue: Issue, path: Path): SchemaProblem[] {
  const found = (issue.input as Readonly<Record<string, unknown>> | undefined)?.[key];
  const expected = adapterTypes.join(', ');
  const message =
    found === undefined ? `missing; expected one of ${expected}` : describeMismatch(`one of ${expected}`, found);
  return [problem([...path.slice(0, -1), key], message)];
}

/** Of a choice, the branch that the author meant is the one whose type fits. */
function describeUnion(issue: Extract<Issue, { code: 'invalid_union' }>, path: Path): SchemaProblem[] {
  if (issue.discriminator !== undefined) return describeDiscriminator(issue.discriminator, issue, path);
  const isOfAnotherType = (inner: Issue): boolean =>
    inner.path.length === 0 &&
    (inner.code === 'invalid_type' ||
      (inner.code === 'invalid_union' && inner.errors.every((one) => one.some(isOfAnotherType))));
  const meant = issue.errors.find((branch) => !branch.some(isOfAnotherType));
  if (meant !== undefined) return meant.flatMap((inner) => describeIssue(inner, [...path, ...inner.path]));
  return [problem(path, describeMismatch(describeChoices(path), issue.input))];
}

function describeChoices(path: Path): string {
  if (path.at(-1) === 'heartbeat') return 'a cron expression or a map';
  if (path.at(-2) === 'mcpServers') return 'a map with url, or with command';
  return ['env', 'headers'].includes(String(path.at(-2))) ? 'text or { secret: NAME }' : 'text';
}

function describeUnknownKey(key: string, path: Path, map: unknown): string {
  const known = knownKeysAt(path, map) ?? [];
  const nearest = findNearest(key, known);
  if (nearest !== undefined) return `not a known key; did you mean "${nearest}"?`;
  return known.length === 0 ? 'not a known key here' : `not a known key; known are ${known.join(', ')}`;
}

function findNearest(word: string, candidates: readonly string[]): string | undefined {
  const limit = Math.max(2, Math.floor(word.length / 3));
  return candidates
    .map((candidate) => ({
      candidate,
      distance: editDistance(word.toLowerCase().slice(0, 64), candidate.toLowerCase()),
    }))
    .filter(({ distance }) => distance <= limit)
    .sort((a, b) => a.distance - b.distance)[0]?.candidate;
}

function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const substitution = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(substitution, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
