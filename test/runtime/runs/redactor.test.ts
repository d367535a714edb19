import assert from 'node:assert/strict';
import fc from 'fast-check';
import { Redactor, redactText } from '../../../src/runtime/runs/redactor.ts';
import { formsOf, type NamedSecret } from '../../../src/runtime/runs/secretForms.ts';

const token = { name: 'TOKEN', value: 'gh/pé"\\ 1+2=3&<x>' };

/** What comes out when the pieces go in one after the other. */
function feed(secrets: readonly NamedSecret[], pieces: readonly Buffer[]): Buffer {
  const redactor = new Redactor(() => secrets);
  const given = pieces.map((piece) => redactor.push(Buffer.from(piece)));
  return Buffer.concat([...given, redactor.end()]);
}

function cutAt(data: Buffer, ...places: number[]): Buffer[] {
  const ends = [...places.map((place) => place % (data.length + 1)), data.length].sort((a, b) => a - b);
  return ends.map((end, index) => data.subarray(index === 0 ? 0 : ends[index - 1], end));
}

/** The same by looking for each form at each place: slow and plain. */
function redactNaively(secrets: readonly NamedSecret[], data: Buffer): Buffer {
  const found = secrets.flatMap(({ name, value }, order) =>
    formsOf(value).flatMap((form) => {
      const places: { start: number; end: number; name: string; order: number }[] = [];
      for (let at = data.indexOf(form); at !== -1; at = data.indexOf(form, at + 1))
        places.push({ start: at, end: at + form.length, name, order });
      return places;
    }),
  );
  found.sort((a, b) => a.start - b.start || b.end - a.end || a.order - b.order);
  const pieces: Buffer[] = [];
  let next = 0;
  while (found.length > 0) {
    const first = found.shift()!;
    let { end } = first;
    while (found[0] && found[0].start < end) end = Math.max(end, found.shift()!.end);
    pieces.push(data.subarray(next, first.start), Buffer.from(`[secret ${first.name}]`));
    next = end;
  }
  return Buffer.concat([...pieces, data.subarray(next)]);
}

describe('Redactor', function () {
  this.timeout(60_000);

  const { value } = token;
  const json = JSON.stringify(value).slice(1, -1);
  const base64 = (before: string, after = ''): string => Buffer.from(before + value + after).toString('base64');
  const ways: readonly (readonly [name: string, text: string, rest: RegExp])[] = [
    ['as it is', `<${value}>`, /^<\[secret TOKEN\]>$/],
    ['in JSON', `{"a":"${json}"}`, /^\{"a":"\[secret TOKEN\]"\}$/],
    ['in JSON within JSON', JSON.stringify(JSON.stringify({ a: value })), /^"\{\\"a\\":\\"\[secret TOKEN\]\\"\}"$/],
    ['in JSON that escapes slashes', `"${json.replaceAll('/', '\\/')}"`, /^"\[secret TOKEN\]"$/],
    ['in JSON of Python', `"${json.replaceAll('é', '\\u00e9')}"`, /^"\[secret TOKEN\]"$/],
    ['in JSON of PHP', `"${json.replaceAll('/', '\\/').replaceAll('é', '\\u00e9')}"`, /^"\[secret TOKEN\]"$/],
    [
      'in JSON of PHP within JSON',
      JSON.stringify(`"${json.replaceAll('/', '\\/').replaceAll('é', '\\u00e9')}"`),
      /^"\\"\[secret TOKEN\]\\""$/,
    ],
    [
      'in JSON of Go',
      `"${json.replaceAll('<', '\\u003c').replaceAll('>', '\\u003e').replaceAll('&', '\\u0026')}"`,
      /^"\[secret TOKEN\]"$/,
    ],
    ['in JSON of .NET', `"gh/p\\u00E9\\u0022\\\\ 1\\u002B2=3\\u0026\\u003Cx\\u003E"`, /^"\[secret TOKEN\]"$/],
    ['in base64', base64(''), /^\[secret TOKEN\]$/],
    ['in base64 for URLs', Buffer.from(value).toString('base64url'), /^\[secret TOKEN\]$/],
    ['in base64 behind one byte', base64('x', '....'), /^eG?\[secret TOKEN\].{6,8}$/],
    ['in base64 behind two bytes', base64('me', '....'), /^bWV?\[secret TOKEN\].{5,8}$/],
    ['in base64 behind a user', base64('user:'), /^.{7,8}\[secret TOKEN\]$/],
    ['as a part of an address', encodeURIComponent(value), /^\[secret TOKEN\]$/],
    ['in a form', new URLSearchParams({ a: value }).toString(), /^a=\[secret TOKEN\]$/],
    [
      'in an address with small digits',
      encodeURIComponent(value).replace(/%../g, (x) => x.toLowerCase()),
      /^\[secret TOKEN\]$/,
    ],
    ['with every byte percent-encoded', Buffer.from(value).toString('hex').replace(/../g, '%$&'), /^\[secret TOKEN\]$/],
    ['in hex', Buffer.from(value).toString('hex').toUpperCase(), /^\[secret TOKEN\]$/],
    [
      'in JSON within JSON within JSON',
      JSON.stringify(JSON.stringify(JSON.stringify(value))),
      /^"[^g]*\[secret TOKEN\][^g]*"$/,
    ],
    ['as bash declares it', `declare -x TOKEN="gh/pé\\"\\\\ 1+2=3&<x>"`, /^declare -x TOKEN="\[secret TOKEN\]"$/],
    ['as bash declares it, in JSON', JSON.stringify(`"gh/pé\\"\\\\ 1+2=3&<x>"`), /^"\\"\[secret TOKEN\]\\""$/],
    ['as printf %q quotes it', `gh/pé\\"\\\\\\ 1+2=3\\&\\<x\\>`, /^\[secret TOKEN\]$/],
    ['as Python shows it', `{'TOKEN': 'gh/pé"\\\\ 1+2=3&<x>'}`, /^\{'TOKEN': '\[secret TOKEN\]'\}$/],
    ['in HTML', 'gh/pé&quot;\\ 1+2=3&amp;&lt;x&gt;', /^\[secret TOKEN\]$/],
  ];
  for (const [name, text, rest] of ways) {
    it(`finds a secret ${name}, wherever the output is cut`, () => {
      const data = Buffer.from(text);
      for (let place = 0; place <= data.length; place += 1) {
        assert.match(feed([token], cutAt(data, place)).toString(), rest, `cut at ${String(place)}`);
      }
      assert.match(
        feed(
          [token],
          [...data].map((byte) => Buffer.of(byte)),
        ).toString(),
        rest,
      );
    });
  }

  it('finds the lines of a key that is told line by line', () => {
    const key = '-----BEGIN KEY-----\nMIIEvQIBADANBgkqhkiG9w0\nBAQEFAASCBKcwggSjAgEAAoI\n-----END KEY-----\n';
    const lines = key.split('\n').map((line) => `log: ${line}`);
    assert.deepEqual(
      redactText(lines.join('\n'), () => [{ name: 'KEY', value: key }])
        .split('\n')
        .slice(1, 3),
      ['log: [secret KEY]', 'log: [secret KEY]'],
    );
  });

  const parts: readonly (readonly [name: string, value: string, told: string, rest: string])[] = [
    ['a header without its scheme', 'Bearer sk-ant-0123456789', 'key sk-ant-0123456789.', 'key [secret A].'],
    ['the password of an address', 'postgres://me:p%40ss-word@db/x', 'as me with p%40ss-word', 'as me with [secret A]'],
    ['the password of an address, decoded', 'postgres://me:p%40ss-word@db/x', 'with p@ss-word', 'with [secret A]'],
    [
      'a key in JSON, decoded',
      '{"a":{"private_key":"-----BEGIN\\nMIIEvQIBADANBgkqh\\n"}}',
      '1: MIIEvQIBADANBgkqh',
      '1: [secret A]',
    ],
    ['short lines, without the last line end', 'user=a\nkey=b1\n', 'got: user=a\nkey=b1.', 'got: [secret A].'],
    ['what has a NUL in it', 'abc\0defgh', 'abcdefgh', '[secret A]'],
    ['UTF-16 of Windows', 'plain-token', Buffer.from('plain-token', 'utf16le').toString(), '[secret A]\0'],
  ];
  for (const [name, whole, told, rest] of parts) {
    it(`finds ${name}`, () => {
      assert.equal(
        redactText(told, () => [{ name: 'A', value: whole }]),
        rest,
      );
    });
  }

  it('finds base64 in lines, as base64 and openssl write it', () => {
    const long = [...Array(40).keys()].map((index) => `part ${String(index * 7919)};`).join('');
    for (const width of [76, 64]) {
      const text = Buffer.from(long)
        .toString('base64')
        .replace(new RegExp(`.{${String(width)}}`, 'g'), '$&\r\n');
      const rest = redactText(text, () => [{ name: 'A', value: long }]);
      assert.match(rest, /^(?:\[secret A\].{0,4}\s*)+$/);
    }
  });

  it('bears more secrets than a function takes arguments', () => {
    const many = [...Array(7000).keys()].map((index) => ({ name: 'A', value: `value number ${String(index)}` }));
    assert.equal(
      redactText('it is value number 6999!', () => many),
      'it is [secret A]!',
    );
  });

  it('leaves everything else as it is, byte for byte, and without a copy', () => {
    const bytes = Buffer.from([...Array(4096).keys()].map((index) => (index * 7) % 256));
    const redactor = new Redactor(() => [{ name: 'A', value: 'some secret' }]);

    const given = redactor.push(bytes);
    assert.deepEqual(given, bytes);
    assert.equal(given.buffer, bytes.buffer);
    assert.equal(
      redactText('passwor passwo', () => [{ name: 'A', value: 'passw' }]),
      'passwor passwo',
    );
  });

  it('covers what overlapping secrets cover, under the name of the first', () => {
    const secrets = [
      { name: 'A', value: 'abcdefgh' },
      { name: 'B', value: 'efghijkl' },
      { name: 'C', value: 'abcdefghij' },
    ];
    assert.equal(
      redactText('-abcdefghijkl-', () => secrets),
      '-[secret C]-',
    );
    assert.equal(
      redactText('-abcdefghefghijkl-', () => secrets),
      '-[secret A][secret B]-',
    );
  });

  it('never shows a byte of what an endless chain of secrets covers, and keeps none of it', () => {
    const redactor = new Redactor(() => [{ name: 'A', value: 'aaaaaa' }]);
    let shown = 0;
    for (let round = 0; round < 1000; round += 1) shown += redactor.push(Buffer.from('a'.repeat(1000))).length;

    assert.equal(shown, 0);
    assert.equal(redactor.end().toString(), '[secret A]');
  });

  it('holds back only what may be the beginning of a form', () => {
    const redactor = new Redactor(() => [{ name: 'A', value: 'abcdef' }]);
    const push = (text: string): string => redactor.push(Buffer.from(text)).toString();

    assert.equal(push('xxabc'), 'xx');
    assert.equal(push('abcabcde'), 'abcabc');
    assert.equal(push('f'), '[secret A]');
    assert.equal(push('-'.repeat(100)), '-'.repeat(100));
    assert.equal(push('abcde'), '');
    assert.equal(redactor.end().toString(), 'abcde');
  });

  it('looks for a secret that becomes known meanwhile, and goes on with what was half there', () => {
    const first = [{ name: 'A', value: 'first-secret' }];
    const both = [...first, { name: 'B', value: 'second-secret' }];
    let known = first;
    const redactor = new Redactor(() => known);
    const given = [redactor.push(Buffer.from('second-secret first-se'))];
    known = both;
    given.push(redactor.push(Buffer.from('cret second-se')), redactor.push(Buffer.from('cret')), redactor.end());

    assert.equal(Buffer.concat(given).toString(), 'second-secret [secret A] [secret B]');
  });

  it('does at every cut what looking for each form at each place does', () => {
    // Few letters: secrets that begin alike, contain and overlap one another and their replacements are likely.
    const alphabet = fc.constantFrom('a', 'b', 'ab', '[secret', ' A]', '"', '/', 'é', '+', '%');
    const word = fc.string({ unit: alphabet, minLength: 6, maxLength: 12 }).filter(({ length }) => length >= 6);
    const secrets = fc
      .array(word, { minLength: 1, maxLength: 4 })
      .map((values) => values.map((one, index) => ({ name: 'ABCD'.charAt(index), value: one })));
    const example = secrets.chain((known) => {
      const forms = known.flatMap(({ value: one }) => formsOf(one).map((form) => form.toString()));
      const form = fc.constantFrom(...forms);
      const beginning = fc.tuple(form, fc.nat(30)).map(([one, length]) => one.slice(0, length));
      const ending = fc.tuple(form, fc.nat(12)).map(([one, length]) => one.slice(length));
      const piece = fc.oneof(form, beginning, ending, alphabet);
      return fc.record({
        known: fc.constant(known),
        data: fc.array(piece, { maxLength: 10 }).map((pieces) => Buffer.from(pieces.join(''))),
        cuts: fc.array(fc.nat(300), { maxLength: 6 }),
      });
    });
    fc.assert(
      fc.property(example, ({ known, data, cuts }) => {
        const expected = redactNaively(known, data).toString('latin1');
        const redact = (...places: number[]): string => feed(known, cutAt(data, ...places)).toString('latin1');
        assert.equal(redact(...cuts), expected);
        for (let place = 0; place <= data.length; place += 1) assert.equal(redact(place), expected);
        const bytes = [...data].map((byte) => Buffer.of(byte));
        assert.equal(feed(known, bytes).toString('latin1'), expected);
      }),
      { numRuns: 200 },
    );
  });
});
