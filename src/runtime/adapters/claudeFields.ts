/** An object of a program's JSON, of which nothing is known. */
export type Fields = Readonly<Record<string, unknown>>;

/** Tokens and micro-dollars of one line; more is taken for a mistake. */
const largestCount = 1e12;
const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** The value if it is an object, else an empty one. */
export function fieldsOf(value: unknown): Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : {};
}

/** The first `most` entries of a list; none of anything else. */
export function entriesOf(value: unknown, most: number): readonly unknown[] {
  return Array.isArray(value) ? value.slice(0, most) : [];
}

/** A text of at most `length` characters, well-formed, without NULs and space around it; null for anything else, and for none. */
export function textOf(value: unknown, length: number): string | null {
  if (typeof value !== 'string') return null;
  const clean = value
    .slice(0, length + 1000)
    .replaceAll('\0', '')
    .trim();
  const isCut = clean.length > length || value.length > length + 1000;
  const text = isCut ? `${clean.slice(0, length - 1)}…` : clean;
  return text === '' ? null : text.toWellFormed();
}

/** Something that names one of many, whole or not at all: two of them must not become one by cutting. */
export function nameOf(value: unknown): string | null {
  return typeof value === 'string' && /^[\w.:@/[\]-]{1,200}$/.test(value) ? value : null;
}

/** A whole number that is not negative, if it is believable. */
export function countOf(value: unknown): number | null {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= largestCount ? value : null;
}

/** Dollars as integer micro-dollars. */
export function microsOf(value: unknown): number | null {
  if (typeof value !== 'number' || !(value >= 0) || value > largestCount / 1e6) return null;
  return Math.round(value * 1e6);
}

/** An id as claude gives to conversations. */
export function uuidOf(value: unknown): string | null {
  return typeof value === 'string' && uuid.test(value) ? value.toLowerCase() : null;
}
