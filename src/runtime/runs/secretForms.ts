/** A secret by its name, with its value. */
export interface NamedSecret {
  readonly name: string;
  readonly value: string;
}

/** Shorter values are not looked for: they would be found everywhere. In characters. */
export const shortestSecret = 6;
/** Lines of a secret that are looked for by themselves, because logs are told line by line. In characters. */
const shortestLine = 16;
const namesSecret = /key|token|secret|password/i;

type Style = (value: string) => string;

/** What JSON.stringify makes of a text, without the quotation marks. */
const toJson: Style = (value) => JSON.stringify(value).slice(1, -1);
const escapeSlashes: Style = (text) => text.replaceAll('/', '\\/');
const escapeUnits = (text: string, which: RegExp, isUpper: boolean): string =>
  text.replace(which, (unit) => {
    const digits = unit.charCodeAt(0).toString(16).padStart(4, '0');
    return `\\u${isUpper ? digits.toUpperCase() : digits}`;
  });
const beyondAscii = /[^\0-\x7f]/g;
const unsafeInHtml = /[<>&\u2028\u2029]/g;

/** How the JSON writers of common languages escape: V8, PHP, Python and Ruby, Go, .NET and Java. */
const jsonStyles: readonly Style[] = [
  toJson,
  (value) => escapeSlashes(toJson(value)),
  (value) => escapeUnits(toJson(value), beyondAscii, false),
  (value) => escapeUnits(toJson(value), beyondAscii, true),
  (value) => escapeUnits(escapeSlashes(toJson(value)), beyondAscii, false),
  (value) => escapeUnits(toJson(value), unsafeInHtml, false),
  (value) => escapeUnits(toJson(value).replaceAll('\\"', '"'), /[<>&'"+`]|[^\0-\x7f]/g, true),
  (value) => escapeUnits(toJson(value).replaceAll('\\"', '"'), /[<>&'"+=]|[^\0-\x7f]/g, false),
];

/** Characters that a percent form leaves as they are: RFC 3986, encodeURIComponent, forms, encodeURI, and none. */
const unescaped: readonly RegExp[] = [
  /[A-Za-z0-9\-_.~]/,
  /[A-Za-z0-9\-_.~!'()*]/,
  /[A-Za-z0-9\-_.*]/,
  /[A-Za-z0-9\-_.~!'()*;,/?:@&=+$#]/,
  /[^\s\S]/,
];

/** Longer texts of several lines are looked for line by line, and as a whole only in the commonest forms. In characters. */
const longText = 1024;

/**
 * The bytes in which a secret may turn up in an output, each once: as it is, as JSON escapes it (also twice and three times, as JSON
 * within JSON), in base64 at every alignment, in both alphabets and in lines, percent-encoded, in hex, in UTF-16, as HTML and as shells
 * quote it. Of a header such as `Bearer abc` also what follows the scheme, of an address also its password. None for a value of
 * fewer than six characters.
 */
export function formsOf(value: string): Buffer[] {
  if (value.length < shortestSecret) return [];
  const isLong = value.length > longText;
  const forms = new Set<string>();
  for (const text of new Set(wholesOf(value))) {
    const found = isLong && /[\r\n]/.test(text) ? commonForms(text) : textForms(text);
    for (const form of found) forms.add(form);
  }
  for (const text of new Set(partsOf(value))) for (const form of textForms(text)) forms.add(form);
  for (const form of byteForms(Buffer.from(withoutNulls(value)), isLong)) forms.add(form);
  return [...forms].map((form) => Buffer.from(form)).filter((form) => form.length >= shortestSecret);
}

/** No environment can hold a NUL: a program gets the value without. */
function withoutNulls(value: string): string {
  return value.replaceAll('\0', '');
}

/** All of it, with and without the space around it, which shells and pasting take or leave, and with either kind of line ends. */
function wholesOf(value: string): string[] {
  return [value, withoutNulls(value), value.trim()]
    .flatMap((text) => [text, text.replace(/\r?\n/g, '\r\n'), text.replaceAll('\r\n', '\n')])
    .filter((text) => text.length >= shortestSecret);
}

/** What programs tell by itself: lines, the credentials of a header, the password of an address, the keys in a file of JSON. */
function partsOf(value: string): string[] {
  const text = value.trim();
  return [text, ...keysInJson(text)].flatMap((whole) => [...(whole === text ? [] : [whole]), ...partsOfText(whole)]);
}

function partsOfText(text: string): string[] {
  const lines = text.split(/[\r\n]+/).map((line) => line.trim());
  const ownLines =
    lines.length > 1 ? lines.filter((line) => line.length >= shortestLine && !line.startsWith('-----')) : [];
  const credentials = /^(?:Bearer|Basic|Token|ApiKey)[ \t]+(\S.*)$/i.exec(text)?.[1] ?? '';
  return [...ownLines, credentials, ...passwordsOf(text)].filter((part) => part.length >= shortestSecret);
}

/** The texts of a JSON object, such as the key of a service account, whose names sound secret. */
function keysInJson(text: string): string[] {
  if (!text.startsWith('{')) return [];
  const found: string[] = [];
  try {
    JSON.parse(text, (name, value: unknown) => {
      if (typeof value === 'string' && value.length >= shortestLine && namesSecret.test(name)) found.push(value);
      return value;
    });
  } catch {
    // It only looks like JSON.
  }
  return found;
}

/** As it stands in an address (`postgres://user:password@host`), and decoded. */
function passwordsOf(text: string): string[] {
  const password = /^[a-z][a-z0-9+.-]*:\/\/[^:/?#@\s]*:([^/?#\s]+)@/i.exec(text)?.[1];
  if (password === undefined) return [];
  try {
    return [password, decodeURIComponent(password)];
  } catch {
    // A "%" that begins no byte: it is meant as it stands.
    return [password];
  }
}

function* commonForms(text: string): Generator<string> {
  yield text;
  yield toJson(text);
  yield toJson(toJson(text));
}

function* textForms(text: string): Generator<string> {
  yield text;
  for (const style of jsonStyles) {
    const once = style(text);
    yield once;
    yield style(once);
    yield toJson(once);
  }
  yield toJson(toJson(toJson(text)));
  yield* percentForms(text);
  for (const quoted of quotedForms(text)) {
    yield quoted;
    // Logs of agents are JSON: what a shell printed stands in them as a string.
    yield toJson(quoted);
  }
}

/** As HTML, as words of shells (quoted, `declare -p`, `printf %q`), and as Python shows a text. */
function* quotedForms(text: string): Generator<string> {
  const escaped = text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
  yield escaped;
  for (const apostrophe of ['&#39;', '&#x27;', '&apos;'])
    yield escaped.replaceAll('"', '&quot;').replaceAll("'", apostrophe);
  yield text.replaceAll("'", "'\\''");
  yield text.replaceAll("'", `'"'"'`);
  yield text.replace(/["\\$`]/g, '\\$&');
  yield text.replace(/[^A-Za-z0-9_@%+=:,./\-\x80-\uffff]/g, '\\$&');
  const shown = toJson(text).replaceAll('\\"', '"');
  yield shown;
  yield shown.replaceAll("'", "\\'");
}

function* percentForms(text: string): Generator<string> {
  const bytes = [...Buffer.from(text)];
  for (const kept of unescaped) {
    for (const space of ['%20', '+']) {
      const encode = (byte: number): string => {
        const character = String.fromCharCode(byte);
        if (byte < 0x80 && kept.test(character)) return character;
        return character === ' ' ? space : `%${byte.toString(16).padStart(2, '0').toUpperCase()}`;
      };
      const upper = bytes.map(encode);
      yield upper.join('');
      yield upper.map((one) => (one.length === 3 ? one.toLowerCase() : one)).join('');
    }
  }
}

function* byteForms(bytes: Buffer, isLong: boolean): Generator<string> {
  const hex = bytes.toString('hex');
  yield hex;
  yield hex.toUpperCase();
  // As Windows' own programs write, where each character is one byte and a NUL.
  const text = bytes.toString('latin1');
  if (!/[^\0-\x7f]/.test(text) && !isLong) yield text.replace(/(?<=.)(?=.)/gs, '\0');
  yield* wrappedForms(bytes.toString('base64'));
  for (const base64 of base64Forms(bytes)) {
    yield base64;
    yield base64.replaceAll('+', '-').replaceAll('/', '_');
    if (isLong) continue;
    yield escapeSlashes(base64);
    yield encodeURIComponent(base64);
    yield encodeURIComponent(base64).replace(/%../g, (digits) => digits.toLowerCase());
  }
}

/** Base64 in lines of 76 (RFC 2045, 6.8) or 64 characters (RFC 7468, 2), as programs write what is long; each line by itself. */
function* wrappedForms(base64: string): Generator<string> {
  for (const width of [76, 64]) {
    for (let at = 0; base64.length > width && at < base64.length; at += width) {
      const line = base64.slice(at, at + width).replace(/=+$/, '');
      // What ends in the middle of three bytes looks different when more follows.
      yield at + width < base64.length ? line : line.slice(0, -1);
    }
  }
}

/**
 * Base64 puts 3 bytes into 4 characters, so that a value looks different behind 0, 1 or 2 other bytes. Of each alignment: the
 * characters that the value alone decides, and those as the end of the text, with and without padding.
 */
function* base64Forms(bytes: Buffer): Generator<string> {
  for (const before of [0, 1, 2]) {
    const padded = Buffer.concat([Buffer.alloc(before), bytes]).toString('base64');
    const first = Math.ceil((before * 8) / 6);
    yield padded.slice(first, Math.floor(((before + bytes.length) * 8) / 6));
    yield padded.replaceAll('=', '').slice(first);
    yield padded.slice(first);
  }
}
