import {
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  parseDocument,
  type Document,
  type Node,
  type YAMLMap,
} from 'yaml';
import { toError } from '../errors.ts';
import type { ConfigurationProblem } from '../model.ts';

/** Deeper nesting than any configuration has; keeps recursion over strangers' files shallow. */
const deepestNesting = 32;
const mostAliases = 100;

/** A YAML text as plain values, with a way back from a path in them to a place in the text. */
export interface YamlText {
  readonly value: unknown;
  readonly problems: readonly ConfigurationProblem[];
  /** The place of what stands at `path`, or of the nearest thing above it that exists. */
  locate(path: readonly PropertyKey[], at: 'key' | 'value'): Place;
  /** The place of a character of the text at `path`, given by its line and column there; of the text itself where that cannot be said. */
  locateInside(path: readonly PropertyKey[], inside: Place): Place;
}

/** Both count from 1. */
type Place = Pick<ConfigurationProblem, 'line' | 'column'>;

type Report = (offset: number, message: string) => void;

/**
 * Parses one YAML 1.2 document without tags, duplicate keys or more than 100 uses of aliases. `value` is undefined if there
 * is any problem. Never throws.
 */
export function parseYaml(text: string): YamlText {
  const lines = new LineCounter();
  const problems: ConfigurationProblem[] = [];
  const toPlace = (offset: number): { line: number; column: number } => {
    const { line, col } = lines.linePos(offset);
    return { line: Math.max(line, 1), column: Math.max(col, 1) };
  };
  const report: Report = (offset, message) => problems.push({ message, ...toPlace(offset) });
  // Duplicate keys are looked for below: the library compares each key with each other, which a big map makes slow.
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, schema: 'core', uniqueKeys: false });
  const tooDeep = document.errors.find(({ code }) => code === 'RESOURCE_EXHAUSTION');
  for (const error of tooDeep === undefined ? document.errors : [tooDeep]) {
    report(error.pos[0], describeSyntaxError(error.code, error.message));
  }
  if (problems.length === 0) checkNode(document.contents, 0, report);
  if (problems.length === 0) keepWrittenEnvironment(document);
  const value = problems.length === 0 ? toValue(document, report) : undefined;
  const locate = (path: readonly PropertyKey[], at: 'key' | 'value'): Place => toPlace(findOffset(document, path, at));
  return {
    value,
    problems,
    locate,
    locateInside: (path, inside) =>
      moveInside(text, { ...locate(path, 'value'), node: nodeAt(document, path) }, inside),
  };
}

function describeSyntaxError(code: string, message: string): string {
  if (code === 'MULTIPLE_DOCS') return 'one document expected; the file holds several, separated by "---"';
  if (code === 'RESOURCE_EXHAUSTION') return 'nested too deeply';
  return message;
}

function checkNode(node: unknown, depth: number, report: Report): void {
  if (!isMap(node) && !isSeq(node) && !isScalar(node)) return;
  const offset = node.range?.[0] ?? 0;
  if (node.tag !== undefined) report(offset, `tags such as "${node.tag}" are not supported`);
  if (depth > deepestNesting) {
    report(offset, 'nested too deeply');
  } else if (isSeq(node)) {
    for (const item of node.items) checkNode(item, depth + 1, report);
  } else if (isMap(node)) {
    checkKeys(node, report);
    for (const pair of node.items) checkNode(pair.value, depth + 1, report);
  }
}

function checkKeys(map: YAMLMap, report: Report): void {
  const seen = new Set<string>();
  for (const { key } of map.items) {
    const offset = offsetOf(key);
    if (!isScalar(key)) {
      report(offset, 'a key must be text');
      continue;
    }
    const name = String(key.value);
    if (name === '__proto__') report(offset, '"__proto__" cannot be used as a key');
    if (name === '<<') report(offset, 'merge keys ("<<") are not supported');
    if (seen.has(name)) report(offset, `duplicate key "${name}"`);
    seen.add(name);
  }
}

/** `VERSION: 1.10` in an environment means the text "1.10", not the number 1.1. */
function keepWrittenEnvironment(document: Document): void {
  const agents = childOf(document, document.contents, 'agents')?.value;
  const owners = isMap(agents) ? agents.items.map((pair) => resolve(document, pair.value)) : [];
  for (const owner of [childOf(document, document.contents, 'defaults')?.value, ...owners]) {
    const environment = childOf(document, owner, 'env')?.value;
    if (!isMap(environment)) continue;
    for (const { value } of environment.items) {
      if (!isScalar(value) || value.source === undefined) continue;
      if (typeof value.value === 'number' || typeof value.value === 'boolean') value.value = value.source;
    }
  }
}

function toValue(document: Document, report: Report): unknown {
  try {
    return document.toJS({ maxAliasCount: mostAliases });
  } catch (error) {
    const message = toError(error).message;
    report(0, message.includes('alias count') ? `aliases are used more than ${String(mostAliases)} times` : message);
    return undefined;
  }
}

interface Child {
  readonly keyOffset: number;
  readonly valueOffset: number;
  readonly value: unknown;
}

function findOffset(document: Document, path: readonly PropertyKey[], at: 'key' | 'value'): number {
  let value: unknown = document.contents;
  let offset = offsetOf(value);
  for (const [index, step] of path.entries()) {
    const child = childOf(document, value, step);
    if (child === undefined) return offset;
    const isLast = index === path.length - 1;
    offset = isLast && at === 'value' ? child.valueOffset : child.keyOffset;
    value = child.value;
  }
  return offset;
}

function childOf(document: Document, parent: unknown, step: PropertyKey): Child | undefined {
  if (isSeq(parent)) {
    const item = parent.items[Number(step)];
    const offset = offsetOf(item);
    return item === undefined ? undefined : { keyOffset: offset, valueOffset: offset, value: resolve(document, item) };
  }
  if (!isMap(parent)) return undefined;
  const pair = parent.items.find(({ key }) => isScalar(key) && String(key.value) === String(step));
  if (pair === undefined) return undefined;
  const keyOffset = offsetOf(pair.key);
  return { keyOffset, valueOffset: offsetOf(pair.value) || keyOffset, value: resolve(document, pair.value) };
}

function nodeAt(document: Document, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>((value, step) => childOf(document, value, step)?.value, document.contents);
}

/** Lines of a literal block follow its header, indented; a plain or quoted text on one line has its characters where they are shown. */
function moveInside(text: string, { line, column, node }: Place & { readonly node: unknown }, inside: Place): Place {
  if (!isScalar(node) || typeof node.value !== 'string') return { line, column };
  if (node.type === 'BLOCK_LITERAL') {
    const first = text
      .split('\n')
      .slice(line)
      .find((candidate) => candidate.trim() !== '');
    return { line: line + inside.line, column: (first?.search(/\S/) ?? 0) + inside.column };
  }
  const quotes = node.type === 'PLAIN' ? 0 : 1;
  const [from = 0, to = 0] = node.range ?? [];
  const isAsShown = node.type !== 'BLOCK_FOLDED' && to - from === node.value.length + 2 * quotes;
  return isAsShown ? { line: line + inside.line - 1, column: column + quotes + inside.column - 1 } : { line, column };
}

function resolve(document: Document, node: unknown): unknown {
  return isAlias(node) ? node.resolve(document) : node;
}

function offsetOf(node: unknown): number {
  return (node as Node | null | undefined)?.range?.[0] ?? 0;
}
