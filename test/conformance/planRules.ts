import assert from 'node:assert/strict';
import path from 'node:path';
import type { Plan, RunRequest } from '../../src/runtime/adapters/adapter.ts';
import type { AgentDefinition } from '../../src/runtime/definition.ts';
import { secretValue, type ConformanceSubject } from './conformanceSubject.ts';

const hostilePrompt = '--help\n$(touch /tmp/x) `id` "quoted" \'quoted\' ünïcode €\n; rm -rf x\n-';

/** A run as the executor would ask for it, with differences. */
function makeRequest(differences: Partial<RunRequest> = {}): RunRequest {
  return {
    runId: '01RUN',
    agentKey: 'engineer',
    taskKey: 'task',
    session: null,
    sessionRun: 1,
    source: 'on_demand',
    reason: 'Somebody asked',
    issue: null,
    prompt: 'Please do it.',
    workspaceFolder: '/home/me/project',
    baseEnvironment: { PATH: '/usr/bin', HOME: '/home/me' },
    secrets: { TOKEN: secretValue },
    runDirectory: '/home/me/.state/01RUN.run',
    ...differences,
  };
}

/** What everybody of the machine can see of an execution, or find in a log of a server on the way. */
function openPart(plan: Plan): unknown {
  return plan.kind === 'http' ? plan.url : [plan.file, plan.args, plan.cwd, plan.files?.map(({ name }) => name)];
}

/** Where a prompt may be. */
function toldPart(plan: Plan): string {
  return plan.kind === 'http' ? plan.body : (plan.stdin ?? '');
}

/** Where a secret may be. */
function hiddenPart(plan: Plan): Readonly<Record<string, string>> {
  return plan.kind === 'http' ? plan.headers : plan.env;
}

/** What a plan may be: the same for the same run, with nothing in the open that is secret or was written by others. */
export function describePlans(subject: ConformanceSubject, define: () => AgentDefinition): void {
  const { adapter, session, ownVariables } = subject;
  const plan = (differences: Partial<RunRequest> = {}): Plan => adapter.plan(define(), makeRequest(differences));

  it('decides the same for the same run, and changes nothing of what it was given', () => {
    const definition = deepFreeze(structuredClone(define()));
    const request = deepFreeze(makeRequest({ session }));
    const first = adapter.plan(definition, request);
    assert.deepEqual(adapter.plan(definition, request), first);
    assert.equal(first.kind === 'http', adapter.capabilities(definition).stop === 'request');
  });

  it('has its secrets where only the program or the server sees them', () => {
    const made = plan();
    const others = made.kind === 'http' ? { ...made, headers: null } : { ...made, env: null };
    const forms = [secretValue, encodeURIComponent(secretValue), Buffer.from(secretValue).toString('base64')];
    for (const form of forms) assert.ok(!JSON.stringify(others).includes(form), `the plan shows ${form}`);
    assert.ok(
      Object.values(hiddenPart(made)).some((value) => value.includes(secretValue)),
      'the secret is nowhere',
    );
  });

  it('tells the prompt by standard input or body, as it is, and lets no words of others into the command', () => {
    const made = plan({ prompt: hostilePrompt, reason: '--danger $(id)', taskKey: '--task' });
    const told = toldPart(made);
    const isTold =
      told === hostilePrompt || JSON.stringify(JSON.parse(isObject(told) ? told : 'null')).includes(quoted());
    assert.ok(isTold, 'the prompt is not told as it is');
    assert.deepEqual(openPart(made), openPart(plan()));
    assert.ok(!JSON.stringify(hiddenPart(made)).includes('unïcode'), 'the prompt is in the environment or a header');
  });

  it('passes on the environment that it was given and what is named, and nothing of its own process', () => {
    process.env['CONFORMANCE_CANARY'] = 'must not be passed on';
    const made = plan();
    delete process.env['CONFORMANCE_CANARY'];
    if (made.kind === 'http') {
      assert.ok(!JSON.stringify(made).includes('must not be passed on'));
      return;
    }
    const { env, secretEnv, cwd } = define();
    const named = ['PATH', 'HOME', ...Object.keys(env), ...Object.keys(secretEnv), ...ownVariables];
    const unnamed = Object.keys(made.env).filter((name) => !named.includes(name) && !name.startsWith('REVEILLE_'));
    assert.deepEqual(unnamed, []);
    assert.deepEqual(
      [made.env['PATH'], made.env['HOME'], made.env['REVEILLE_RUN_ID'], made.cwd],
      ['/usr/bin', '/home/me', '01RUN', cwd],
    );
    assert.ok(path.isAbsolute(made.cwd));
    for (const { name } of made.files ?? []) assert.equal(name, path.basename(name));
  });

  it('lets no definition speak for Reveille', () => {
    const definition = { ...define(), env: { ...define().env, REVEILLE_RUN_ID: 'forged', reveille_agent: 'forged' } };
    const made = adapter.plan(definition, makeRequest());
    assert.ok(!JSON.stringify(made).includes('forged'));
  });

  it('asks for a conversation only if there is one to go on with', () => {
    const id = session?.['id'] ?? 'a-conversation-that-nobody-has';
    assert.equal(JSON.stringify(plan({ session })).includes(id), session !== null);
    assert.ok(!JSON.stringify(plan()).includes(id));
  });
}

function isObject(text: string): boolean {
  return text.startsWith('{');
}

/** The prompt as it stands in JSON. */
function quoted(): string {
  return JSON.stringify(hostilePrompt);
}

function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null)
    for (const inner of Object.values(Object.freeze(value))) deepFreeze(inner);
  return value;
}
