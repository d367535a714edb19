/** Programs write JSON that is nested a dozen deep; a parser pays for each level with time and memory that no byte limit bounds. */
const deepest = 1000;
/** A line this short is parsed within a few milliseconds, whatever it holds. */
const harmlessBytes = 32 * 1024;
const [quote, backslash] = [0x22, 0x5c];
const [openList, closeList, openObject, closeObject] = [0x5b, 0x5d, 0x7b, 0x7d];

/** Whether a line of JSON nests lists and objects so deep that it had better not be parsed: a megabyte of brackets takes 0.15 s. */
export function isTooDeep(line: Uint8Array): boolean {
  if (line.length <= harmlessBytes) return false;
  let depth = 0;
  let isText = false;
  for (let at = 0; at < line.length; at += 1) {
    const byte = line[at];
    if (isText) {
      if (byte === backslash) at += 1;
      else if (byte === quote) isText = false;
    } else if (byte === quote) isText = true;
    else if (byte === openList || byte === openObject) depth += 1;
    else if (byte === closeList || byte === closeObject) depth -= 1;
    if (depth > deepest) return true;
  }
  return false;
}
