import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { checkAgents } from '../../src/cliDoctor.ts';
import { processAdapter } from '../../src/runtime/adapters/process.ts';
import type { Adapter, Probe } from '../../src/runtime/adapters/adapter.ts';
import { systemClock } from '../../src/runtime/clock.ts';
import { parseConfiguration } from '../../src/runtime/config/load.ts';
import type { AgentDefinition } from '../../src/runtime/definition.ts';
import { identifyProcess, isAlive } from '../../src/runtime/processIdentity.ts';
import { Doctor } from '../../src/runtime/runs/doctor.ts';
import { TestRuntime } from '../support/openTestRuntime.ts';
import { TestRuns } from '../support/testRuns.ts';

const configuration = `
agents:
  reader: { adapter: process, command: cat, role: Reads, env: { COLOUR: red }, shareCwd: true }
  lost: { adapter: process, command: no-such-program, cwd: nowhere }
`;

describe('The check of an agent', function () {
  this.timeout(60_000);

  it('says what is there, what is wrong and what to do, and shows what a wake would start', async () => {
    await using runtime = await TestRuntime.open({ configuration });
    const { connection, folder } = runtime;
    const { findings, dryRun } = await connection.request('agent.check', { agent: 'reader' });
    assert.deepEqual(
      findings.map(({ id, level }) => `${id} ${level}`),
      ['program ok', 'cwd ok'],
    );
    assert.match(findings[0]?.text ?? '', /^\/.*\/cat is there\.$/);
    assert.equal(dryRun?.line, 'cat');
    assert.equal(dryRun.cwd, folder.path);
    assert.match(dryRun.prompt, /Role: Reads[^]*Woken by hand/);
    const originOf = (name: string) => dryRun.environment.find((one) => one.name === name)?.from;
    assert.deepEqual(['PATH', 'COLOUR', 'REVEILLE_RUN_ID'].map(originOf), ['base', 'definition', 'reveille']);

    const lost = await connection.request('agent.check', { agent: 'lost' });
    assert.deepEqual(
      lost.findings.map(({ id, level, fix }) => `${id} ${level} ${fix === null ? 'no fix' : 'fix'}`),
      ['program error fix', 'cwd error fix'],
    );
    assert.equal(runtime.state.runs.size, 0);
  });

  it('prints all agents in a terminal and fails when one of them could not work', async () => {
    await using runtime = await TestRuntime.open({ configuration });
    const lines: string[] = [];
    const print = (line: string) => void lines.push(line);
    assert.equal(await checkAgents(runtime.connection, ['reader'], print), true);
    assert.equal(lines[0], 'reader (process): Everything is in order.');
    assert.equal(await checkAgents(runtime.connection, ['lost', 'reader'], print), false);
    assert.ok(lines.includes('lost (process): It cannot work like this. Errors: 2, warnings: 0.'));
    await assert.rejects(checkAgents(runtime.connection, ['nobody'], print), /no agent "nobody"/);
  });

  it('says whether anybody is where an agent over HTTP sends its work, and sends none', async () => {
    const asked: (string | undefined)[] = [];
    const server = createServer((request, response) => {
      asked.push(request.method);
      response.writeHead(405).end();
    });
    await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
    const url = `http://127.0.0.1:${String((server.address() as AddressInfo).port)}/runs`;
    await using runtime = await TestRuntime.open({
      configuration: `agents: { far: { adapter: http, url: '${url}' } }`,
    });
    const check = async () => {
      const { findings } = await runtime.connection.request('agent.check', { agent: 'far' });
      return findings.filter(({ id }) => id === 'server').map(({ level, text }) => `${level} ${text}`);
    };
    assert.deepEqual(await check(), [`ok A server is at ${url}.`]);
    assert.deepEqual(asked, ['HEAD']);
    await new Promise((resolve) => server.close(resolve));
    const [gone] = await check();
    assert.match(gone ?? '', /^error Nobody answered at http:.*ECONNREFUSED/);
  });

  it('starts nothing for a definition that nobody accepted, and is refused in Restricted Mode and while all is stopped', async () => {
    await using runtime = await TestRuntime.open({ configuration, isAccepted: false });
    const { findings } = await runtime.connection.request('agent.check', { agent: 'reader' });
    assert.equal(findings[0]?.id, 'consent');
    assert.equal(findings[0].level, 'error');
    const untrusted = runtime.connect({ kind: 'window', isTrusted: false });
    try {
      await assert.rejects(untrusted.request('agent.check', { agent: 'reader' }), /not trusted/);
    } finally {
      untrusted.dispose();
    }
    await runtime.connection.request('everything.stop', {});
    await assert.rejects(runtime.connection.request('agent.check', { agent: 'reader' }), /Everything is stopped/);
    await runtime.connection.request('everything.release', {});
  });
});

describe('The doctor', function () {
  this.timeout(60_000);
  let runs: TestRuns;
  before(async () => {
    runs = await TestRuns.open();
  });
  after(() => runs.close());

  /** Checks `sh` as if it were an agent's program with these probes; they run in the folder of the runs. */
  const open = (probes: readonly Probe[], secrets: Readonly<Record<string, string>> = {}) => {
    const adapter: Adapter = { ...processAdapter, check: () => ({ findings: [], probes }) };
    let count = 0;
    return new Doctor({
      adapterOf: () => adapter,
      starter: runs.starter,
      trees: runs.trees,
      clock: systemClock,
      newId: () => `check-${String((count += 1))}`,
      secrets: {
        presentOf: () => secrets,
        known: () => Object.entries(secrets).map(([name, value]) => ({ name, value })),
        isUsed: true,
      },
      commandLine: ({ command, args }) => [command, ...args].join(' '),
      baseEnvironment: () => ({ PATH: process.env['PATH'] ?? '' }),
      workspaceFolder: runs.folder,
      logsDirectory: join(runs.folder, 'logs'),
    });
  };
  const probe = (id: string, script: string): Probe => ({
    id,
    args: ['-c', script],
    judge: ({ exitCode, stdout }) => ({ id, level: exitCode === 0 ? 'ok' : 'error', text: stdout.trim(), fix: null }),
  });
  const textOf = async (
    doctor: Doctor,
    id: string,
    agent: AgentDefinition = definition(runs.folder),
    mayStart = true,
  ) => (await doctor.check(agent, mayStart)).findings.find((finding) => finding.id === id)?.text;

  it("asks the program in the agent's folder with the environment of a run, and hides secrets in what it says", async () => {
    const doctor = open([probe('said', 'pwd; echo $TOKEN; echo ${REVEILLE_AGENT}')], { KEY: 'very-secret' });
    assert.equal(await textOf(doctor, 'said'), `${runs.folder}\n[secret KEY]\nasked`);
    assert.equal(await textOf(doctor, 'secrets'), 'All its secrets are set: KEY.');
    assert.match((await textOf(open([]), 'secrets')) ?? '', /not set: KEY\./);
    const short = await textOf(open([], { KEY: '12345' }), 'secrets');
    assert.equal(short, 'Secrets too short to be kept out of logs: KEY.');
  });

  it('hides secrets before anything is cut', async () => {
    for (const length of [1, 4, 10]) {
      const cutting: Probe = {
        ...probe('said', 'echo $TOKEN'),
        judge: ({ stdout }) => ({ id: 'said', level: 'ok', text: stdout.slice(0, length), fix: null }),
      };
      const text = await textOf(open([cutting], { KEY: 'very-secret' }), 'said');
      assert.equal(text, '[secret KEY]'.slice(0, length));
    }
  });

  it('asks nothing of a program that nobody accepted', async () => {
    const doctor = open([probe('said', 'touch started')]);
    assert.equal(await textOf(doctor, 'said', definition(runs.folder), false), undefined);
    assert.equal(existsSync(join(runs.folder, 'started')), false);
  });

  it('checks an agent once at a time, and ends what is under way when it stops', async () => {
    const doctor = open([probe('said', 'echo x >> asked; echo $$ > pid; sleep 600')]);
    const agent = definition(runs.folder);
    const checks = [doctor.check(agent, true), doctor.check(agent, true)];
    while (!existsSync(join(runs.folder, 'pid'))) await new Promise((resolve) => setTimeout(resolve, 20));
    await doctor.stop();
    for (const { findings } of await Promise.all(checks)) assert.ok(findings.every(({ id }) => id !== 'said'));
    assert.equal(readFileSync(join(runs.folder, 'asked'), 'utf8'), 'x\n');
    const left = identifyProcess(Number(readFileSync(join(runs.folder, 'pid'), 'utf8')));
    assert.ok(left === null || !isAlive(left));
  });
});

function definition(folder: string): AgentDefinition {
  const text = 'agents:\n  asked: { adapter: process, command: sh, env: { TOKEN: { secret: KEY } } }\n';
  const loaded = parseConfiguration(new TextEncoder().encode(text), folder);
  assert.equal(loaded.status, 'ok');
  const [agent] = loaded.agents;
  assert(agent);
  return agent;
}
