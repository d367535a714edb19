import assert from 'node:assert/strict';
import { mkdirSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fingerprint, hasSameFiles, isTightening } from '../../../src/runtime/config/consent.ts';
import { toCommandPaths } from '../../../src/runtime/config/executedFiles.ts';
import type { AgentDefinition } from '../../../src/runtime/definition.ts';
import { makeClaudeAgent } from '../../support/claudeAgent.ts';
import { useTemporaryFolder } from '../../support/eachTemporaryFolder.ts';
import { makeDefinition, makePolicy } from '../../support/policies.ts';
import { makeTemporaryFolder } from '../../support/temporaryFolder.ts';

function write(folder: string, file: string, content = 'content'): void {
  mkdirSync(path.dirname(path.join(folder, file)), { recursive: true });
  writeFileSync(path.join(folder, file), content);
}

describe('fingerprint', () => {
  const temporary = useTemporaryFolder();
  const of = (differences: Partial<AgentDefinition> = {}) =>
    fingerprint(makeDefinition(temporary.path, differences), temporary.path);

  it('is the same for the same definition and files', async () => {
    write(temporary.path, 'scripts/survey.mjs');
    assert.equal(await of({ env: { A: '1', B: '2' } }), await of({ env: { B: '2', A: '1' } }));
    assert.match(await of(), /^[0-9a-f]{64}\.[0-9a-f]{64}$/);
  });

  it('is the same for another checkout of the same content', async () => {
    using other = makeTemporaryFolder();
    for (const folder of [temporary.path, other.path]) write(folder, 'scripts/survey.mjs');
    const elsewhere = await fingerprint(
      makeDefinition(other.path, { cwd: path.join(other.path, 'scripts') }),
      other.path,
    );
    assert.equal(await of({ cwd: path.join(temporary.path, 'scripts') }), elsewhere);
  });

  it('is what it was before there were settings that the definition does not make', async () => {
    write(temporary.path, 'scripts/survey.mjs');
    const { protocol, waitSec, stallSec, ...older } = makeDefinition(temporary.path);
    assert.equal(
      await of({ protocol, waitSec, stallSec }),
      await fingerprint(older as AgentDefinition, temporary.path),
    );
  });

  const changes: Partial<AgentDefinition>[] = [
    { key: 'other' },
    { role: '' },
    { goal: 'x' },
    { reportsTo: 'x' },
    { command: 'nodejs' },
    { args: ['scripts/survey.mjs', ''] },
    { args: [] },
    { shell: true },
    { cwd: path.resolve('/') },
    { shareCwd: true },
    { provider: 'acme' },
    { providerSlots: 2 },
    { env: { A: '' } },
    { timeoutSec: 601 },
    { graceSec: 16 },
    { protocol: 'jsonl' },
    { waitSec: 0 },
    { stallSec: 1 },
    { prices: { m: { input: 1, cachedInput: null, cacheWrite: null, output: 2 } } },
    { heartbeat: makePolicy({ intervalSec: 60 }) },
    { heartbeat: makePolicy({ maxConcurrentRuns: 2 }) },
    { heartbeat: makePolicy({ quietHours: '22:00-07:00' }) },
    { namedHeartbeats: [{ name: 'tidy', cron: '@daily', timezone: null, catchUp: 'once', goal: 'Tidy' }] },
  ];
  for (const change of changes) {
    it(`differs with ${JSON.stringify(change)}`, async () => {
      assert.notEqual(await of(change), await of());
    });
  }

  it('is what it was before there were providers, for a definition that names none', async () => {
    const { provider: _provider, providerSlots: _slots, ...before } = makeDefinition(temporary.path);

    assert.equal(await of(), await fingerprint(before as AgentDefinition, temporary.path));
  });

  const executed: [what: string, file: string, differences: Partial<AgentDefinition>][] = [
    ['the script it names', 'scripts/survey.mjs', {}],
    ['its command', 'tools/run.sh', { command: './tools/run.sh' }],
    ['a script relative to its working directory', 'sub/a.mjs', { cwd: 'sub', args: ['a.mjs'] }],
    ['a script behind an equals sign', 'hook.cjs', { args: ['--require=./hook.cjs'] }],
    ['a script in a shell line', 'b.sh', { shell: true, command: 'true && sh "./b.sh"; false', args: [] }],
  ];
  const local = (command: string, args: string[]) => ({
    mcpServers: { local: { type: 'stdio', command, args, env: {}, timeoutSec: 600 } as const },
  });
  const { claude } = makeClaudeAgent(local('node', ['tools/server.mjs']));
  const codex = { model: null, effort: null, sandbox: 'read-only', ...local('./serve', []) } as const;
  executed.push(
    ['what a server of tools of claude runs', 'tools/server.mjs', { claude }],
    ['a server of tools of codex, from its working directory', 'sub/serve', { codex, cwd: 'sub' }],
  );
  for (const [what, file, differences] of executed) {
    it(`differs when ${what} appears or changes, and only in its second half`, async () => {
      const resolved = { ...differences, ...(differences.cwd && { cwd: path.join(temporary.path, differences.cwd) }) };
      const absent = await of(resolved);
      write(temporary.path, file, 'one');
      const first = await of(resolved);
      write(temporary.path, file, 'two');
      const second = await of(resolved);
      assert.equal(new Set([absent, first, second]).size, 3);
      assert.equal(first.split('.')[0], second.split('.')[0]);
      assert.ok(!hasSameFiles(first, second));
    });
  }

  it('does not care for files that the definition does not name', async () => {
    const before = await of();
    write(temporary.path, 'README.md');
    assert.equal(await of(), before);
  });

  it('does not read files outside the folder', async () => {
    using outside = makeTemporaryFolder();
    const args = [path.join(outside.path, 'x.mjs')];
    const before = await of({ args });
    write(outside.path, 'x.mjs');
    assert.equal(await of({ args }), before);
  });

  it('notices that a large file has another size', async () => {
    write(temporary.path, 'data.bin', '');
    truncateSync(path.join(temporary.path, 'data.bin'), 6 * 1024 * 1024);
    const before = await of({ args: ['data.bin'] });
    truncateSync(path.join(temporary.path, 'data.bin'), 6 * 1024 * 1024 + 1);
    assert.notEqual(await of({ args: ['data.bin'] }), before);
  });

  if (process.platform !== 'win32') {
    it('notices that a link leads elsewhere', async () => {
      using outside = makeTemporaryFolder();
      write(outside.path, 'a');
      write(outside.path, 'b');
      const link = (name: string, target: string) => {
        symlinkSync(path.join(outside.path, target), path.join(temporary.path, name));
      };
      link('one', 'a');
      mkdirSync(path.join(temporary.path, 'scripts'));
      link('scripts/survey.mjs', 'a');
      const before = await of();
      using other = makeTemporaryFolder();
      mkdirSync(path.join(other.path, 'scripts'));
      symlinkSync(path.join(outside.path, 'b'), path.join(other.path, 'scripts/survey.mjs'));
      assert.ok(!hasSameFiles(before, await fingerprint(makeDefinition(other.path), other.path)));
    });
  }
});

describe('toCommandPaths', () => {
  const rows: [platform: NodeJS.Platform, folder: string, command: string, expected: string[]][] = [
    ['linux', '/f', 'tools/run', ['/f/tools/run']],
    ['darwin', '/f', '/usr/bin/x', ['/usr/bin/x']],
    ['win32', 'C:\\f', 'tools/run', ['', '.com', '.exe', '.bat', '.cmd'].map((end) => `C:\\f\\tools\\run${end}`)],
  ];
  for (const [platform, folder, command, expected] of rows) {
    it(`finds what ${command} may be on ${platform}`, () => {
      assert.deepEqual(toCommandPaths({ command, shell: false }, folder, platform), expected);
    });
  }

  it('has no path for a shell line', () => {
    assert.deepEqual(toCommandPaths({ command: 'a | b', shell: true }, '/f', 'linux'), []);
  });
});

describe('isTightening', () => {
  const base = makeDefinition(path.resolve('/f'), {
    role: 'Surveys',
    heartbeat: makePolicy({ intervalSec: 300, maxConcurrentRuns: 2 }),
  });
  const beat = (differences: Partial<AgentDefinition['heartbeat']>) => ({
    heartbeat: { ...base.heartbeat, ...differences },
  });
  const cron = { ...base, heartbeat: makePolicy({ cron: '0 9 * * *', timezone: 'UTC' }) };
  const unlimited = { ...base, timeoutSec: 0 };
  const off = { ...base, ...beat({ enabled: false }) };

  const quiet = { ...base, ...beat({ quietHours: '22:00-07:00', skipWhenIdle: true, catchUp: 'once' }) };
  const quietOff = { ...base, ...beat({ enabled: false, quietHours: '22:00-07:00' }) };
  const watching = { ...base, ...beat({ skipWhenIdle: true, onlyIf: ['git_head', 'files'] }) };
  const tidy = { name: 'tidy', cron: '@daily', timezone: null, catchUp: 'once', goal: 'Tidy' } as const;
  const named = { ...base, namedHeartbeats: [tidy, { ...tidy, name: 'second' }] };
  const namedOff = { ...named, heartbeat: makePolicy({ enabled: false }) };
  const cases = [named, { ...named, ...beat({ quietHours: '22:00-07:00', intervalSec: 0 }) }] as const;

  const provided = { ...base, provider: 'acme', providerSlots: 2 };
  const rows: [what: string, before: AgentDefinition, after: Partial<AgentDefinition>, expected: boolean][] = [
    ['nothing changed', base, {}, true],
    ['a shorter limit', base, { timeoutSec: 599 }, true],
    ['a longer limit', base, { timeoutSec: 601 }, false],
    ['no limit any more', base, { timeoutSec: 0 }, false],
    ['a limit where there was none', unlimited, { timeoutSec: 99_999 }, true],
    ['still no limit', unlimited, { timeoutSec: 0 }, true],
    ['fewer retries', base, { retries: 1 }, true],
    ['more retries', base, { retries: 3 }, false],
    ['lost runs repeated', base, { resumable: true }, false],
    ['lost runs not repeated', { ...base, resumable: true }, { resumable: false }, true],
    ['another provider', base, { provider: 'other' }, false],
    ['a stricter loop breaker', base, { loopBreaker: { failures: 4, sameError: 3, unchanged: 5 } }, true],
    ['a loop breaker with a rule less', base, { loopBreaker: { failures: 5, sameError: 0, unchanged: 5 } }, false],
    ['a laxer loop breaker', base, { loopBreaker: { failures: 5, sameError: 3, unchanged: 6 } }, false],
    ['heartbeat off', base, beat({ enabled: false }), true],
    ['heartbeat on', off, beat({ enabled: true }), false],
    ['a longer interval', base, beat({ intervalSec: 301 }), true],
    ['a shorter interval', base, beat({ intervalSec: 299 }), false],
    ['no interval', base, beat({ intervalSec: 0 }), true],
    ['an interval where there was none', { ...base, ...beat({ intervalSec: 0 }) }, beat({}), false],
    ['cron in place of an interval', base, beat({ intervalSec: 0, cron: '0 0 1 1 *' }), false],
    ['no cron', cron, { heartbeat: makePolicy() }, true],
    ['another cron', cron, { heartbeat: makePolicy({ cron: '0 9 * * 1', timezone: 'UTC' }) }, false],
    ['another time zone', cron, { heartbeat: makePolicy({ cron: '0 9 * * *' }) }, false],
    ['assignments off', base, beat({ wakeOnAssignment: false }), true],
    ['on demand off', base, beat({ wakeOnOnDemand: false }), true],
    ['automation off', base, beat({ wakeOnAutomation: false }), true],
    ['automation on', { ...base, ...beat({ wakeOnAutomation: false }) }, beat({ wakeOnAutomation: true }), false],
    ['fewer runs at a time', base, beat({ maxConcurrentRuns: 1 }), true],
    ['more runs at a time', base, beat({ maxConcurrentRuns: 3 }), false],
    ['one tighter and one looser', base, { timeoutSec: 1, ...beat({ maxConcurrentRuns: 3 }) }, false],
    ['a tighter limit with another command', base, { timeoutSec: 1, command: 'sh' }, false],
    ['a removed role', base, { role: null }, false],
    ['a shorter grace', base, { graceSec: 1 }, false],
    ['a shared directory', base, { shareCwd: true }, false],
    ['fewer runs with its provider', provided, { providerSlots: 1 }, true],
    ['a limit for its provider where there was none', { ...provided, providerSlots: null }, { providerSlots: 9 }, true],
    ['more runs with its provider', provided, { providerSlots: 3 }, false],
    ['no limit for its provider any more', provided, { providerSlots: null }, false],
    ['another provider with a lower limit', provided, { provider: 'other', providerSlots: 1 }, false],
    ['another variable', base, { env: { A: '1' } }, false],
    ['quiet hours where there were none', base, beat({ quietHours: '22:00-07:00' }), true],
    ['no quiet hours for what is off', quietOff, { heartbeat: { ...quietOff.heartbeat, quietHours: null } }, true],
    ['no quiet hours any more', quiet, { heartbeat: { ...quiet.heartbeat, quietHours: null } }, false],
    ['other quiet hours', quiet, { heartbeat: { ...quiet.heartbeat, quietHours: '22:00-08:00' } }, false],
    ['quiet hours in another zone', cases[1], { heartbeat: { ...cases[1].heartbeat, timezone: 'UTC' } }, false],
    ['skipping', base, beat({ skipWhenIdle: true }), true],
    ['no skipping any more', quiet, { heartbeat: { ...quiet.heartbeat, skipWhenIdle: false } }, false],
    ['skipping unless files have changed', base, beat({ skipWhenIdle: true, onlyIf: ['files'] }), true],
    ['something more that is to do', quiet, { heartbeat: { ...quiet.heartbeat, onlyIf: ['files'] } }, false],
    ['something less that is to do', watching, { heartbeat: { ...watching.heartbeat, onlyIf: ['files'] } }, true],
    [
      'something else that is to do',
      watching,
      { heartbeat: { ...watching.heartbeat, onlyIf: ['diagnostics'] } },
      false,
    ],
    ['nothing that is to do', watching, { heartbeat: { ...watching.heartbeat, onlyIf: [] } }, true],
    ['no skipping any more where files were to do', watching, { heartbeat: base.heartbeat }, false],
    ['no catching up any more', quiet, { heartbeat: { ...quiet.heartbeat, catchUp: 'skip' } }, true],
    ['catching up', base, beat({ catchUp: 'once' }), false],
    ['a new named heartbeat', base, { namedHeartbeats: [tidy] }, false],
    ['a named heartbeat less', named, { namedHeartbeats: [tidy] }, true],
    ['a named heartbeat at other times', named, { namedHeartbeats: [{ ...tidy, cron: '@weekly' }] }, false],
    ['a named heartbeat with another goal', named, { namedHeartbeats: [{ ...tidy, goal: 'x' }] }, false],
    ['a named heartbeat that skips now', named, { namedHeartbeats: [{ ...tidy, catchUp: 'skip' }] }, true],
    ['named heartbeats switched off', named, { heartbeat: namedOff.heartbeat }, true],
    ['named heartbeats switched on', namedOff, { heartbeat: makePolicy() }, false],
  ];
  for (const [what, before, after, expected] of rows) {
    it(`says ${expected ? 'yes' : 'no'} to ${what}`, () => {
      assert.equal(isTightening(before, { ...before, ...after }), expected);
    });
  }
});
