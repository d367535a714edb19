import { Liquid, type Template } from 'liquidjs';
import { toError } from '../errors.ts';
import { describeUnknownVariable, knownVariables } from './promptVariables.ts';

/** A mistake in a template; lines and columns count from 1. */
export interface TemplateMistake {
  readonly message: string;
  readonly line: number;
  readonly column: number;
}

/** Names that Liquid itself provides in loops. */
const loopNames = new Set(['forloop', 'tablerowloop']);
/** Milliseconds, and objects that it may make: a template is rendered within the turn that starts a run. */
/** Longest text that a template may make, in characters: far more than a model reads. */
const longestPrompt = 5_000_000;
const limits = { parseLimit: 200_000, renderLimit: 1000, memoryLimit: 10_000_000 };

/** Liquid without what reads other files; its output is text for a model, so nothing is escaped. */
const engine = makeEngine();

function makeEngine(): Liquid {
  const liquid = new Liquid({ strictFilters: true, ownPropertyOnly: true, templates: {}, ...limits });
  for (const tag of ['include', 'render', 'layout', 'block']) Reflect.deleteProperty(liquid.tags, tag);
  return liquid;
}

/** What is wrong with a template: its syntax, or the names of variables that no run has. Never throws. */
export function findTemplateMistakes(text: string): TemplateMistake[] {
  try {
    return findUnknownVariables(engine.parse(text));
  } catch (error) {
    return [toMistake(error)];
  }
}

/** Whether a template says something of a variable itself or of a part of it. False for one that cannot be parsed. */
export function mentions(text: string, variable: string): boolean {
  try {
    return variable in engine.analyzeSync(engine.parse(text), { partials: false }).globals;
  } catch {
    // What is wrong with it was said when it was loaded.
    return false;
  }
}

/** Fills a template in. Throws an `Error` for one with mistakes, or if it takes too long, or makes too much. */
export function renderTemplate(text: string, values: Readonly<Record<string, unknown>>): string {
  const rendered = String(engine.parseAndRenderSync(text, values));
  if (rendered.length > longestPrompt)
    throw new Error(`it makes a text of ${String(rendered.length)} characters; ${String(longestPrompt)} are the most`);
  return rendered;
}

function findUnknownVariables(template: Template[]): TemplateMistake[] {
  const { globals } = engine.analyzeSync(template, { partials: false });
  return Object.values(globals)
    .flat()
    .flatMap((variable): TemplateMistake[] => {
      const path = variable.toArray();
      if (loopNames.has(String(path[0])) || knownVariables.has(path)) return [];
      const { row: line, col: column } = variable.location;
      return [{ message: describeUnknownVariable(path), line, column }];
    })
    .sort((a, b) => a.line - b.line || a.column - b.column);
}

/** Liquid says the place at the end of its message, and by the token at fault. */
function toMistake(error: unknown): TemplateMistake {
  const { token } = error as { token?: { getPosition?: () => [number, number] } };
  const [line, column] = token?.getPosition?.() ?? [1, 1];
  const [message = ''] = toError(error).message.split('\n');
  return { message: message.replace(/,? line:\d+, col:\d+$/, ''), line, column };
}
