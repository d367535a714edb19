import type { IssueLocation } from '../runtime/model.ts';

const longestTitle = 80;
const mark = /\b(?:TODO|FIXME|BUG|HACK|XXX)\b/;
const commentStart = /^\s*(?:\/\/|\/?\*|#|--|;|<!--|"""|''')/;

/** A title from the first comment of a selection, a marked one before others; empty when there is none. */
export function titleFromSelection(text: string): string {
  const lines = text.split(/\r?\n/);
  const line = lines.find((candidate) => mark.test(candidate)) ?? lines.find((candidate) => isComment(candidate)) ?? '';
  const from = commentStart.test(line) ? 0 : Math.max(0, line.search(mark));
  const words = bare(line.slice(from));
  return words.length <= longestTitle ? words : `${words.slice(0, longestTitle - 1).trimEnd()}…`;
}

function isComment(line: string): boolean {
  return commentStart.test(line) && bare(line) !== '';
}

/** Without the signs around a comment. */
function bare(line: string): string {
  return line.replace(/^[\s/*#;<!"'-]+|[\s*/>"'-]+$/g, '');
}

/** What is said about some lines, as a comment that can be read without the file: the place, the lines as they are now, the words. */
export function reviewText(location: IssueLocation, words: string): string {
  const longestTicks = Math.max(2, ...(location.text.match(/`+/g) ?? []).map(({ length }) => length));
  const fence = '`'.repeat(longestTicks + 1);
  return `${placeText(location)}\n\n${fence}\n${location.text.replace(/\r?\n$/, '')}\n${fence}\n\n${words.trim()}`;
}

/** A place as people write it: `src/money.js:5`, or `src/money.js:5–7` for several lines. */
export function placeText(place: Pick<IssueLocation, 'path' | 'startLine' | 'endLine' | 'endCharacter'>): string {
  // A selection of whole lines ends at the start of the next one.
  const lastLine = place.endCharacter === 0 && place.endLine > place.startLine ? place.endLine - 1 : place.endLine;
  const lines =
    lastLine > place.startLine ? `${String(place.startLine + 1)}–${String(lastLine + 1)}` : place.startLine + 1;
  return `${place.path}:${String(lines)}`;
}
