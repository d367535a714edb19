import assert from 'node:assert/strict';
import path from 'node:path';
import { parseConfiguration } from '../../../src/runtime/config/load.ts';
import { toConfigurationJsonSchema } from '../../../src/runtime/config/schema.ts';
import { builtInAdapter, secretNamesOf, type AgentDefinition } from '../../../src/runtime/definition.ts';
import { makePolicy } from '../../support/policies.ts';

const folder = path.resolve('/srv space');
const minimal = 'agents:\n  engineer:\n    adapter: process\n    command: node\n';

function parseAgents(text: string): readonly AgentDefinition[] {
  const loaded = parseConfiguration(Buffer.from(text), folder);
  assert.equal(loaded.status, 'ok', JSON.stringify(loaded));
  return loaded.agents;
}

function parseAgent(lines: string): AgentDefinition {
  const [first] = parseAgents(`${minimal}${lines}`);
  assert.ok(first !== undefined);
  return first;
}

function findProblems(text: string): string[] {
  const loaded = parseConfiguration(Buffer.from(text), folder);
  assert.equal(loaded.status, 'invalid', JSON.stringify(loaded));
  return loaded.problems.map(({ line, column, message }) => `${String(line)}:${String(column)} ${message}`);
}

describe('the configuration schema', () => {
  it('fills in every default', () => {
    assert.deepEqual(parseAgent(''), {
      key: 'engineer',
      role: null,
      goal: null,
      reportsTo: null,
      adapter: 'process',
      command: 'node',
      args: [],
      shell: false,
      cwd: folder,
      shareCwd: false,
      provider: null,
      providerSlots: null,
      env: {},
      timeoutSec: 1800,
      graceSec: 15,
      protocol: 'text',
      waitSec: 600,
      stallSec: 600,
      heartbeat: makePolicy(),
      retries: 2,
      resumable: false,
      loopBreaker: { failures: 5, sameError: 3, unchanged: 5 },
      namedHeartbeats: [],
      ...builtInAdapter,
    });
  });

  it('gives agents of a provider its limit, and agents of one that has none no limit', () => {
    const agents = parseAgents(`
providers: { acme: { maxConcurrentRuns: 2 }, free: {} }
agents:
  one: { adapter: process, command: a, provider: acme }
  two: { adapter: process, command: a, provider: free }
  three: { adapter: process, command: a, provider: unlisted }
  four: { adapter: process, command: a }
`);
    assert.deepEqual(
      agents.map(({ provider, providerSlots }) => [provider, providerSlots]),
      [
        ['acme', 2],
        ['free', null],
        ['unlisted', null],
        [null, null],
      ],
    );
  });

  it('prefers what the agent says to the defaults, and those to the built-in ones', () => {
    const [own, inherited] = parseAgents(`
org: { name: Workshop }
defaults: { timeoutSec: 60, env: { A: "1", B: "2" } }
agents:
  own: { adapter: process, command: a, timeoutSec: 0, graceSec: 3, env: { B: "3" } }
  inherited: { adapter: process, command: b }
`);
    assert.deepEqual([own?.timeoutSec, own?.graceSec, own?.env], [0, 3, { A: '1', B: '3' }]);
    assert.deepEqual([inherited?.timeoutSec, inherited?.graceSec, inherited?.env], [60, 15, { A: '1', B: '2' }]);
  });

  it('takes the values of an environment as they are written', () => {
    const { env } = parseAgent('    env: { VERSION: 1.10, HEX: 0x1F, ON: true, NO: no, TEXT: "x" }\n');
    assert.deepEqual(env, { VERSION: '1.10', HEX: '0x1F', ON: 'true', NO: 'no', TEXT: 'x' });
  });

  const directories: [written: string, expected: string][] = [
    ['sub', path.join(folder, 'sub')],
    ['${workspaceFolder}', folder],
    ['${workspaceFolder}/a/../b', path.join(folder, 'b')],
    ['../beside', path.resolve(folder, '..', 'beside')],
  ];
  for (const [written, expected] of directories) {
    it(`makes the working directory ${written} absolute`, () => {
      assert.equal(parseAgent(`    cwd: "${written}"\n`).cwd, expected);
    });
  }

  it('reads a heartbeat that is only a cron expression', () => {
    assert.deepEqual(parseAgent('    heartbeat: " 0 */4 * * * "\n').heartbeat, makePolicy({ cron: '0 */4 * * *' }));
  });

  it('reads a heartbeat in full', () => {
    const heartbeat = parseAgent(`    heartbeat:
      { enabled: false, cron: "0 9 * * 1-5", timezone: Europe/Paris, wakeOnAssignment: false, wakeOnOnDemand: false,
        wakeOnAutomation: false, maxConcurrentRuns: 3, catchUp: skip, quietHours: "22:00-07:00", skipWhenIdle: true,
        onlyIf: [diagnostics, git_head] }
`).heartbeat;
    assert.deepEqual(heartbeat, {
      enabled: false,
      intervalSec: 0,
      cron: '0 9 * * 1-5',
      timezone: 'Europe/Paris',
      catchUp: 'skip',
      quietHours: '22:00-07:00',
      skipWhenIdle: true,
      onlyIf: ['git_head', 'diagnostics'],
      wakeOnAssignment: false,
      wakeOnOnDemand: false,
      wakeOnAutomation: false,
      maxConcurrentRuns: 3,
    });
  });

  it('skips what finds nothing to do once onlyIf names something, and refuses the contrary', () => {
    const heartbeatOf = (heartbeat: string) => parseAgent(`    heartbeat: ${heartbeat}\n`).heartbeat;
    assert.deepEqual(
      heartbeatOf('{ intervalSec: 60, onlyIf: files }'),
      makePolicy({ intervalSec: 60, skipWhenIdle: true, onlyIf: ['files'] }),
    );
    assert.deepEqual(heartbeatOf('{ intervalSec: 60 }').onlyIf, []);
    for (const [wrong, message] of [
      ['{ onlyIf: files, skipWhenIdle: false }', /skipWhenIdle.*contradicts onlyIf.*remove one of the two/],
      ['{ onlyIf: [] }', /onlyIf/],
      ['{ onlyIf: branches }', /onlyIf/],
    ] as const) {
      assert.throws(() => heartbeatOf(wrong), message);
    }
  });

  it('gives every agent the prices of models, caches as other input unless said otherwise', () => {
    const agents = parseAgents(`
prices: { own: { input: 1.5, output: 6 }, kept: { input: 3, cachedInput: 0.3, cacheWrite: 3.75, output: 15 } }
agents:
  a: { adapter: process, command: a }
  b: { adapter: claude_local }
`);
    for (const { prices } of agents) {
      assert.deepEqual(prices, {
        own: { input: 1.5, cachedInput: null, cacheWrite: null, output: 6 },
        kept: { input: 3, cachedInput: 0.3, cacheWrite: 3.75, output: 15 },
      });
    }
    const misspelt = `prices: { own: { input: 1, outputs: 2 } }\n${minimal}`;
    assert.match(findProblems(misspelt).join(), /prices\.own\.outputs: not a known key; did you mean "output"/);
    assert.match(findProblems(`prices: { own: { input: -1, output: 2 } }\n${minimal}`).join(), /prices\.own\.input/);
  });

  it('knows attempts, providers and the loop breaker, with defaults for all agents', () => {
    const agents = parseAgents(`
defaults: { retries: 5 }
agents:
  a: { adapter: process, command: a, provider: cloud, resumable: true, loopBreaker: { failures: 9 } }
  b: { adapter: process, command: b, retries: 0, loopBreaker: false }
`);
    const facts = agents.map(({ retries, resumable, provider, loopBreaker }) => [
      retries,
      resumable,
      provider,
      Object.values(loopBreaker),
    ]);
    assert.deepEqual(facts, [
      [5, true, 'cloud', [9, 3, 5]],
      [0, false, null, [0, 0, 0]],
    ]);
  });

  it('lets intervals skip what they missed and cron expressions make up for it, unless told otherwise', () => {
    const catchUpOf = (heartbeat: string) => parseAgent(`    heartbeat: ${heartbeat}\n`).heartbeat.catchUp;
    assert.equal(catchUpOf('{ intervalSec: 60 }'), 'skip');
    assert.equal(catchUpOf('{ intervalSec: 60, catchUp: once }'), 'once');
    assert.equal(catchUpOf('{ cron: "0 9 * * *" }'), 'once');
    assert.equal(catchUpOf('{ cron: "0 9 * * *", catchUp: skip }'), 'skip');
  });

  it('gives each agent its share in the named heartbeats that are on', () => {
    const [ceo, engineer] = parseAgents(`
agents:
  ceo: { adapter: process, command: a }
  engineer: { adapter: process, command: b }
heartbeats:
  daily-build: { schedule: " 0 9 * * * ", agents: [ceo, engineer], goal: Review, timezone: Europe/Paris }
  tidy: { schedule: "@weekly", agents: [ceo], goal: Tidy, catchUp: skip }
  old: { schedule: "@weekly", agents: [ceo], goal: Old, enabled: false }
`);
    const daily = { name: 'daily-build', cron: '0 9 * * *', timezone: 'Europe/Paris', catchUp: 'once', goal: 'Review' };
    const tidy = { name: 'tidy', cron: '@weekly', timezone: null, catchUp: 'skip', goal: 'Tidy' };
    assert.deepEqual(ceo?.namedHeartbeats, [daily, tidy]);
    assert.deepEqual(engineer?.namedHeartbeats, [daily]);
  });

  const wrongHeartbeats: [what: string, line: string, problem: RegExp][] = [
    [
      'an unknown agent',
      '{ schedule: "@daily", agents: [engineer, nobody], goal: x }',
      /^6:50 .*there is no agent "nobody"/,
    ],
    ['nobody', '{ schedule: "@daily", agents: [], goal: x }', /^6:39 .*at least one agent/],
    ['an agent twice', '{ schedule: "@daily", agents: [engineer, engineer], goal: x }', /^6:39 .*twice/],
    ['no goal', '{ schedule: "@daily", agents: [engineer] }', /^6:\d+ .*goal/],
    ['every second', '{ schedule: "* * * * * *", agents: [engineer], goal: x }', /^6:21 .*once a minute is the most/],
    [
      'a typo',
      '{ schedule: "@daily", agent: [engineer], agents: [engineer], goal: x }',
      /^6:31 .*did you mean "agents"/,
    ],
  ];
  for (const [what, line, problem] of wrongHeartbeats) {
    it(`refuses a named heartbeat with ${what}, at its place`, () => {
      const [found] = findProblems(`${minimal}heartbeats:\n  tidy: ${line}\n`);
      assert.match(found ?? '', problem);
    });
  }

  for (const hours of ['22:00', '22:00-22:00', '24:00-07:00', '22:60-07:00', 'night']) {
    it(`refuses the quiet hours ${hours}, at their place`, () => {
      const [found] = findProblems(`${minimal}    heartbeat: { quietHours: "${hours}" }\n`);
      assert.match(found ?? '', /^5:30 .*expected two different times of day/);
    });
  }

  it('lets nothing wake an agent that is not enabled', () => {
    const { heartbeat } = parseAgent('    enabled: false\n    heartbeat: { intervalSec: 60 }\n');
    assert.deepEqual(
      [heartbeat.enabled, heartbeat.wakeOnAssignment, heartbeat.wakeOnOnDemand, heartbeat.wakeOnAutomation],
      [false, false, false, false],
    );
  });

  const wrongAgents: [what: string, lines: string, problem: string][] = [
    ['a list for text', '    command: [x]\n', '4:14 agents.engineer.command: expected text, found a list'],
    ['a typo', '    timeoutsec: 3\n', '5:5 agents.engineer.timeoutsec: not a known key; did you mean "timeoutSec"?'],
    [
      'a number for text',
      '    args: [a, 1]\n',
      '5:15 agents.engineer.args.1: expected text, found a number; put it in quotes',
    ],
    ['text for a number', '    timeoutSec: soon\n', '5:17 agents.engineer.timeoutSec: expected a number, found "soon"'],
    ['half a second', '    timeoutSec: 1.5\n', '5:17 agents.engineer.timeoutSec: expected a whole number, found 1.5'],
    ['a negative time', '    graceSec: -1\n', '5:15 agents.engineer.graceSec: must be at least 0'],
    ['an endless time', '    timeoutSec: 9999999\n', '5:17 agents.engineer.timeoutSec: must be at most 604800'],
    ['a word for a switch', '    shell: yes\n', '5:12 agents.engineer.shell: expected true or false, found "yes"'],
    ['nothing after a key', '    env:\n', '5:9 agents.engineer.env: expected a map, found nothing'],
    [
      'a secret with a value',
      '    env: { A: { secret: B, value: c } }\n',
      '5:28 agents.engineer.env.A.value: not a known key; known are secret',
    ],
    [
      'a key of another adapter',
      '    permissionMode: plan\n',
      '5:5 agents.engineer.permissionMode: not a known key; known are role, reportsTo, goal, cwd, shareCwd, provider, env, timeoutSec, graceSec, retries, loopBreaker, waitSec, stallSec, enabled, heartbeat, bootstrapPromptTemplate, promptTemplate, session, adapter, command, args, shell, resumable, protocol',
    ],
    [
      'a variable of our own',
      '    env: { REVEILLE_RUN_ID: x }\n',
      '5:12 agents.engineer.env.REVEILLE_RUN_ID: names beginning with REVEILLE_ are set by Reveille itself',
    ],
    ['an unknown superior', '    reportsTo: ceo\n', '5:16 agents.engineer.reportsTo: there is no agent "ceo"'],
    [
      'oneself as superior',
      '    reportsTo: engineer\n',
      '5:16 agents.engineer.reportsTo: agents report in a circle: engineer → engineer',
    ],
    [
      'a list as heartbeat',
      '    heartbeat: [1]\n',
      '5:16 agents.engineer.heartbeat: expected a cron expression or a map, found a list',
    ],
    [
      'a short interval',
      '    heartbeat: { intervalSec: 29 }\n',
      '5:31 agents.engineer.heartbeat.intervalSec: must be 0 (off) or at least 30',
    ],
    [
      'a cron expression with seconds',
      '    heartbeat: "* * * * * *"\n',
      '5:16 agents.engineer.heartbeat: "* * * * * *" is not a usable cron expression: it has a field for seconds; with five fields, once a minute is the most',
    ],
    [
      'a cron expression that never falls due',
      '    heartbeat: { cron: "0 0 30 2 *" }\n',
      '5:24 agents.engineer.heartbeat.cron: "0 0 30 2 *" is not a usable cron expression: it never falls due',
    ],
    [
      'a date instead of a cron expression',
      '    heartbeat: "2026-01-01T00:00:00"\n',
      '5:16 agents.engineer.heartbeat: "2026-01-01T00:00:00" is not a usable cron expression: expected five fields: minute hour day month weekday',
    ],
    [
      'a minute 61',
      '    heartbeat: "61 * * * *"\n',
      '5:16 agents.engineer.heartbeat: "61 * * * *" is not a usable cron expression: Invalid value for minute: 61',
    ],
    [
      'a zone that does not exist',
      '    heartbeat: { cron: "0 9 * * *", timezone: Mars/Olympus }\n',
      '5:47 agents.engineer.heartbeat.timezone: is not a known time zone; expected a name such as Europe/Paris or UTC',
    ],
    [
      'two schedules',
      '    heartbeat: { cron: "0 9 * * *", intervalSec: 60 }\n',
      '5:50 agents.engineer.heartbeat.intervalSec: give either intervalSec or cron, not both',
    ],
  ];
  for (const [what, lines, problem] of wrongAgents) {
    it(`refuses ${what} and says where`, () => {
      const text = lines.includes('command:') ? minimal.replace('    command: node\n', lines) : minimal + lines;
      assert.deepEqual(findProblems(text), [problem]);
    });
  }

  const wrongFiles: [what: string, text: string, problems: string[]][] = [
    ['no agents', 'org: { name: X }', ['1:1 agents: missing']],
    ['a misspelt section', 'agents: {}\ndefault: {}', ['2:1 default: not a known key; did you mean "defaults"?']],
    ['a list at the top', '- agents', ['1:1 expected a map, found a list']],
    [
      'another adapter',
      'agents:\n  a: { adapter: cursor, command: x }',
      ['2:17 agents.a.adapter: expected one of process, claude_local, codex_local, http, found "cursor"'],
    ],
    [
      'a password in an address',
      'agents:\n  a: { adapter: http, url: "https://me:hunter2@example.com/" }',
      ['2:28 agents.a.url: must not hold a name or password; use headers'],
    ],
    [
      'an agent without anything',
      'agents:\n  a: {}',
      ['2:3 agents.a.adapter: missing; expected one of process, claude_local, codex_local, http'],
    ],
    [
      'an impossible key',
      'agents:\n  "a b": { adapter: process, command: x }',
      ['2:3 agents.a b: an agent key begins with a letter or digit; then letters, digits, "-" and "_" are allowed'],
    ],
    [
      'a circle, once',
      'agents:\n' +
        ['a: b', 'b: c', 'c: b']
          .map((line) => `  ${line[0] ?? ''}: { adapter: process, command: x, reportsTo: ${line[3] ?? ''} }\n`)
          .join(''),
      ['3:49 agents.b.reportsTo: agents report in a circle: b → c → b'],
    ],
  ];
  for (const [what, text, problems] of wrongFiles) {
    it(`refuses ${what}`, () => {
      assert.deepEqual(findProblems(text), problems);
    });
  }

  it('looks at a chain of 5 000 superiors in no time', () => {
    const lines = Array.from(
      { length: 5000 },
      (_, index) => `  a${String(index)}: {adapter: process, command: x, reportsTo: a${String((index + 1) % 5000)}}`,
    );
    const problems = findProblems(`agents:\n${lines.join('\n')}`);
    assert.equal(problems.length, 1);
    assert.ok((problems[0]?.length ?? 0) < 200);
  });

  it('becomes a JSON Schema that knows every key', () => {
    const schema = JSON.stringify(toConfigurationJsonSchema());
    for (const key of ['org', 'defaults', 'command', 'shareCwd', 'wakeOnOnDemand', 'maxConcurrentRuns', 'timezone']) {
      assert.ok(schema.includes(`"${key}":{`), key);
    }
  });

  it('fills in what agents of other adapters leave out', () => {
    const [claude, codex, http] = parseAgents(`
agents:
  c:
    adapter: claude_local
    model: sonnet
    tools: ["Bash(npm test:*)"]
    env: { PLAIN: 1, TOKEN: { secret: GITHUB_TOKEN } }
    mcpServers:
      board: { url: "http://127.0.0.1:4000/mcp", headers: { Authorization: { secret: BOARD } } }
      files: { command: npx, args: [files], env: { KEY: { secret: FILES_KEY } } }
  x: { adapter: codex_local, provider: work }
  h: { adapter: http, url: "https://agents.example/run", headers: { X-Key: { secret: HOOK } } }
`);
    assert.deepEqual(
      [
        claude?.command,
        claude?.provider,
        claude?.env,
        claude?.secretEnv,
        claude?.resumable,
        claude?.heartbeat.skipWhenIdle,
      ],
      ['claude', 'claude', { PLAIN: '1' }, { TOKEN: 'GITHUB_TOKEN' }, true, true],
    );
    assert.deepEqual(claude?.claude?.tools, ['Bash(npm test:*)']);
    assert.deepEqual(secretNamesOf(claude), ['BOARD', 'FILES_KEY', 'GITHUB_TOKEN']);
    assert.deepEqual([codex?.command, codex?.provider, codex?.codex?.sandbox], ['codex', 'work', 'workspace-write']);
    assert.deepEqual(
      [http?.command, http?.http?.url, http?.http?.pollSec, http?.provider],
      ['', 'https://agents.example/run', 5, null],
    );
    assert.deepEqual(http && secretNamesOf(http), ['HOOK']);
  });
});
