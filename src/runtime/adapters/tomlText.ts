const shortEscapes: Readonly<Record<string, string>> = {
  '"': String.raw`\"`,
  '\\': String.raw`\\`,
  '\b': String.raw`\b`,
  '\t': String.raw`\t`,
  '\n': String.raw`\n`,
  '\f': String.raw`\f`,
  '\r': String.raw`\r`,
};

/** A text as a basic string of TOML 1.0: in one line, without control characters, whatever it holds. */
export function tomlString(text: string): string {
  const escaped = text.toWellFormed().replace(/["\\\u0000-\u001f\u007f-\u009f\u2028\u2029]/g, (character) => {
    const code = character.charCodeAt(0).toString(16).padStart(4, '0');
    return shortEscapes[character] ?? `\\u${code}`;
  });
  return `"${escaped}"`;
}

/** Texts as an array of TOML. */
export function tomlStrings(texts: readonly string[]): string {
  return `[${texts.map(tomlString).join(',')}]`;
}

/** An inline table of TOML; its values are TOML already, its keys may be any text. */
export function tomlTable(values: Readonly<Record<string, string>>): string {
  return `{${Object.entries(values)
    .map(([key, value]) => `${/^[A-Za-z0-9_-]+$/.test(key) ? key : tomlString(key)}=${value}`)
    .join(',')}}`;
}

/** An inline table of TOML with texts as its values. */
export function tomlTextTable(texts: Readonly<Record<string, string>>): string {
  return tomlTable(Object.fromEntries(Object.entries(texts).map(([key, text]) => [key, tomlString(text)])));
}
