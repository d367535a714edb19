const oddValues: readonly unknown[] = [
  null,
  true,
  -1,
  0.5,
  1e308,
  '',
  ' ',
  '\0\ud800\r\n\u001b[31m',
  'x'.repeat(100_000),
  [],
  [null],
  [[[[[1]]]]],
  {},
  { type: 'text', text: 7, id: {}, content: [null, 1, 'a', { type: null }] },
];

/** Bytes as a broken program would write them: some flipped, some left out, some written twice, or cut off. */
export function mutilate(bytes: Buffer, random: () => number): Buffer {
  const place = (): number => Math.floor(random() * bytes.length);
  const changed = Buffer.from(bytes);
  for (let flips = Math.floor(random() * 20); flips > 0 && bytes.length > 0; flips -= 1) {
    changed[place()] = Math.floor(random() * 256);
  }
  const [from, to] = [place(), place()];
  const choice = random();
  if (choice < 0.25) return changed.subarray(0, from);
  if (choice < 0.5) return Buffer.concat([changed.subarray(0, from), changed.subarray(to)]);
  return changed;
}

/** Lines of JSON, in one of which a few fields hold something else than they should. */
export function replaceFields(bytes: Buffer, random: () => number): Buffer {
  const lines = bytes.toString().split('\n');
  const index = Math.floor(random() * lines.length);
  const said = parse(lines[index] ?? '');
  if (said === null) return mutilate(bytes, random);
  for (let times = 1 + Math.floor(random() * 3); times > 0; times -= 1) replaceOne(said, random);
  lines[index] = JSON.stringify(said);
  return Buffer.from(lines.join('\n'));
}

function replaceOne(holder: object, random: () => number): void {
  const fields = holder as Record<string, unknown>;
  const names = Object.keys(fields);
  const name = names[Math.floor(random() * names.length)];
  if (name === undefined) return;
  const inner = fields[name];
  if (typeof inner === 'object' && inner !== null && random() < 0.7) {
    replaceOne(inner, random);
    return;
  }
  fields[name] = structuredClone(oddValues[Math.floor(random() * oddValues.length)]);
}

function parse(line: string): object | null {
  try {
    const said: unknown = JSON.parse(line);
    return typeof said === 'object' ? said : null;
  } catch {
    // A line that is only text.
    return null;
  }
}
