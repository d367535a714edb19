import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { loadConfiguration } from '../../../src/runtime/config/load.ts';
import { useTemporaryFolder } from '../../support/eachTemporaryFolder.ts';
import { makeTemporaryFolder } from '../../support/temporaryFolder.ts';

const good = 'org: { name: Workshop }\nagents:\n  engineer:\n    adapter: process\n    command: node\n';
const isRoot = process.getuid?.() === 0;

describe('loadConfiguration', () => {
  const temporary = useTemporaryFolder();
  const file = () => path.join(temporary.path, '.reveille', 'reveille.yaml');

  function write(content: string | Uint8Array): void {
    mkdirSync(path.dirname(file()), { recursive: true });
    writeFileSync(file(), content);
  }

  async function loadProblems(): Promise<string[]> {
    const loaded = await loadConfiguration(temporary.path);
    assert.equal(loaded.status, 'invalid', JSON.stringify(loaded).slice(0, 200));
    assert.equal(loaded.path, file());
    return loaded.problems.map(({ line, column, message }) => `${String(line)}:${String(column)} ${message}`);
  }

  it('says that there is no file', async () => {
    assert.deepEqual(await loadConfiguration(temporary.path), { status: 'missing', path: file() });
    mkdirSync(path.dirname(file()));
    assert.deepEqual(await loadConfiguration(temporary.path), { status: 'missing', path: file() });
  });

  it('says so for a folder that is gone', async () => {
    assert.equal((await loadConfiguration(path.join(temporary.path, 'gone'))).status, 'missing');
  });

  for (const [what, content] of [
    ['plain', good],
    ['with CRLF', good.replaceAll('\n', '\r\n')],
    ['with a byte order mark', `\uFEFF${good}`],
    ['with both', `\uFEFF${good.replaceAll('\n', '\r\n')}`],
  ] as const) {
    it(`reads a file ${what}`, async () => {
      write(content);
      const loaded = await loadConfiguration(temporary.path);
      assert.equal(loaded.status, 'ok');
      assert.deepEqual(
        [loaded.org, loaded.agents.map(({ key, command, cwd }) => [key, command, cwd])],
        ['Workshop', [['engineer', 'node', temporary.path]]],
      );
    });
  }

  it('keeps lines and columns right with CRLF and a byte order mark', async () => {
    write(`\uFEFF${good}    comand: x\n`.replaceAll('\n', '\r\n'));
    assert.deepEqual(await loadProblems(), ['6:5 agents.engineer.comand: not a known key; did you mean "command"?']);
  });

  const bombs = [
    'a: &a [x,x,x,x,x,x,x,x,x]',
    ...Array.from('bcdefghi', (key, index) => {
      const before = 'abcdefgh'[index] ?? '';
      return `${key}: &${key} [${Array.from({ length: 9 }, () => `*${before}`).join(',')}]`;
    }),
  ];

  const broken: [what: string, content: string | Uint8Array, problems: string[] | RegExp][] = [
    ['an empty file', '', ['1:1 The file is empty; it needs "agents:".']],
    ['only comments', '# nothing\n', ['1:1 The file is empty; it needs "agents:".']],
    ['bad indentation', 'agents:\n  a: 1\n b: 2\n', /^3:1 /],
    ['a duplicate key', `${good}    command: evil\n`, ['6:5 duplicate key "command"']],
    ['a duplicate agent', `${good}  engineer: {}\n`, ['6:3 duplicate key "engineer"']],
    ['a tag', 'agents: !!js/function "x"\n', /tags such as ".*" are not supported/],
    ['a prototype', 'agents:\n  __proto__: {}\n', ['2:3 "__proto__" cannot be used as a key']],
    ['merge keys', 'x: &x {}\nagents:\n  <<: *x\n', ['3:3 merge keys ("<<") are not supported']],
    ['a key that is a list', '? [a]\n: b\n', ['1:3 a key must be text']],
    ['several documents', 'agents: {}\n---\nagents: {}\n', /several, separated by "---"/],
    ['an alias bomb', bombs.join('\n'), ['1:1 aliases are used more than 100 times']],
    ['an alias of itself', 'agents: &a { b: *a }\n', /agents\.b/],
    ['deep nesting', `agents: ${'['.repeat(40)}${']'.repeat(40)}`, /nested too deeply/],
    ['very deep nesting', '['.repeat(20_000), /nested too deeply/],
    [
      'binary garbage',
      Uint8Array.from({ length: 4096 }, (_, index) => (index * 193) % 256),
      ['1:1 The file is not UTF-8 text.'],
    ],
    ['UTF-16', Buffer.from(`\uFEFF${good}`, 'utf16le'), ['1:1 The file is not UTF-8 text.']],
    ['a NUL character', `${good}#\0`, ['1:1 The file is not UTF-8 text.']],
    ['more than 1 MB', `${good}#${'x'.repeat(1024 * 1024)}`, ['1:1 The file is larger than 1 MB.']],
  ];
  for (const [what, content, problems] of broken) {
    it(`reports ${what}`, async () => {
      write(content);
      const found = await loadProblems();
      if (problems instanceof RegExp) assert.match(found[0] ?? '', problems);
      else assert.deepEqual(found, problems);
    });
  }

  it('says no more than fifty problems', async () => {
    write(`agents:\n${Array.from({ length: 5000 }, (_, index) => `  a${String(index)}: {x: }`).join('\n')}`);
    assert.equal((await loadProblems()).length, 50);
  });

  it('checks a map of 50 000 keys quickly enough to notice a duplicate', async () => {
    write(`${Array.from({ length: 50_000 }, (_, index) => `k${String(index)}:`).join('\n')}\nk7:\n`);
    assert.deepEqual(await loadProblems(), ['50001:1 duplicate key "k7"']);
  });

  it('reports a directory in its place', async () => {
    mkdirSync(file(), { recursive: true });
    assert.deepEqual(await loadProblems(), ['1:1 There is something else than a file in its place.']);
  });

  it('reports a file in the place of its directory', async () => {
    writeFileSync(path.dirname(file()), '');
    const loaded = await loadConfiguration(temporary.path);
    assert.notEqual(loaded.status, 'ok');
  });

  if (process.platform !== 'win32') {
    it('does not wait for the writer of a named pipe in its place', async () => {
      mkdirSync(path.dirname(file()));
      execFileSync('mkfifo', [file()]);
      assert.deepEqual(await loadProblems(), ['1:1 There is something else than a file in its place.']);
    });

    it('does not wait for a named pipe behind a link either', async () => {
      mkdirSync(path.dirname(file()));
      execFileSync('mkfifo', [path.join(temporary.path, 'pipe')]);
      symlinkSync('../pipe', file());
      assert.deepEqual(await loadProblems(), ['1:1 There is something else than a file in its place.']);
    });

    it('refuses the settings of the project for a working directory that is not in the folder', async () => {
      const agentIn = (cwd: string, more = 'projectSettings: true'): string =>
        `agents:\n  a:\n    adapter: claude_local\n    cwd: ${cwd}\n    ${more}\n`;
      for (const cwd of ['..', '/', '${workspaceFolder}/../other']) {
        write(agentIn(cwd));
        const [problem = '', ...others] = await loadProblems();
        assert.match(
          problem,
          /^5:22 agents\.a\.projectSettings: its cwd is outside of the folder, .* choose a cwd in the/,
        );
        assert.deepEqual(others, []);
      }
      for (const text of [agentIn('${workspaceFolder}'), agentIn('b/..'), agentIn('..', 'projectSettings: false')]) {
        write(text);
        assert.equal((await loadConfiguration(temporary.path)).status, 'ok', text);
      }
    });

    it('refuses a link to a file outside the folder', async () => {
      using outside = makeTemporaryFolder();
      writeFileSync(path.join(outside.path, 'other.yaml'), good);
      mkdirSync(path.dirname(file()));
      symlinkSync(path.join(outside.path, 'other.yaml'), file());
      assert.match((await loadProblems())[0] ?? '', /link to a place outside the folder/);
    });

    it('refuses a linked directory outside the folder', async () => {
      using outside = makeTemporaryFolder();
      writeFileSync(path.join(outside.path, 'reveille.yaml'), good);
      symlinkSync(outside.path, path.dirname(file()));
      assert.match((await loadProblems())[0] ?? '', /link to a place outside the folder/);
    });

    it('follows a link inside the folder', async () => {
      writeFileSync(path.join(temporary.path, 'agents.yaml'), good);
      mkdirSync(path.dirname(file()));
      symlinkSync('../agents.yaml', file());
      assert.equal((await loadConfiguration(temporary.path)).status, 'ok');
    });

    it('reports a link to nothing', async () => {
      mkdirSync(path.dirname(file()));
      symlinkSync('nothing', file());
      assert.match((await loadProblems())[0] ?? '', /cannot be read/);
    });
  }

  if (process.platform !== 'win32' && !isRoot) {
    it('reports a file that may not be read', async () => {
      write(good);
      chmodSync(file(), 0);
      assert.match((await loadProblems())[0] ?? '', /cannot be read/);
    });
  }
});
