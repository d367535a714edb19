/** A secret by its name, with its value. */
export interface NamedSecret {
  readonly name: string;
  readonly value: string;
}

/** Shorter values are not looked for: they would be found everywhere. In characters. */
export const shortestSecret = 6;
/** Lines of a secret that are looked for by themselves, because logs are told line by line. In characters. */
const shortestLine = 16;

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

/**
 * The bytes in which a secret may turn up in an output, each once: as it is, as JSON escapes it (also twice, as JSON within JSON),
 * in base64 at every alignment and in both alphabets, percent-encoded, in hex, as HTML and as a quoted word of a shell.
 * None for a value of fewer than six characters.
 */
export function formsOf(value: string): Buffer[] {
  if (value.length < shortestSecret) return [];
  const plain = [value, value.replace(/\r?\n/g, '\r\n'), value.replaceAll('\r\n', '\n'), ...linesOf(value)];
  const forms = new Set<string>();
  for (const text of new Set(plain)) for (const form of textForms(text)) forms.add(form);
  for (const form of byteForms(Buffer.from(value))) forms.add(form);
  return [...forms].map((form) => Buffer.from(form)).filter((form) => form.length >= shortestSecret);
}

function linesOf(value: string): string[] {
  if (!/[\r\n]/.test(value.trim())) return [value.trim()].filter((text) => text.length >= shortestSecret);
  return value
    .split(/[\r\n]+/)
    .map((line) => line.trim())
    .filter((line) => line.length >= shortestLine && !line.startsWith('-----'));
}

function* textForms(text: string): Generator<string> {
  yield text;
  for (const style of jsonStyles) {
    const once = style(text);
    yield once;
    yield style(once);
    yield toJson(once);
  }
  yield* percentForms(text);
  yield text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
  for (const apostrophe of ['&#39;', '&#x27;', '&apos;']) {
    const escaped = text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
    yield escaped.replaceAll('"', '&quot;').replaceAll("'", apostrophe);
  }
  yield text.replaceAll("'", "'\\''");
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

function* byteForms(bytes: Buffer): Generator<string> {
  const hex = bytes.toString('hex');
  yield hex;
  yield hex.toUpperCase();
  for (const base64 of base64Forms(bytes)) {
    yield base64;
    yield escapeSlashes(base64);
    yield encodeURIComponent(base64);
    yield encodeURIComponent(base64).replace(/%../g, (digits) => digits.toLowerCase());
    yield base64.replaceAll('+', '-').replaceAll('/', '_');
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
