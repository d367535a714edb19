import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { untranslated } from '../../src/format.ts';
import { describeNow } from '../../src/whyText.ts';
import { IssueAgents } from '../support/issueAgents.ts';
import { letGo } from '../support/gatedAgent.ts';
import { TestRuntime } from '../support/openTestRuntime.ts';

const value = 'hunter2/"é"-of-the-deploy-account';

function agent(script: string, rest = ''): string {
  return `adapter: process, command: sh, args: [-c, ${JSON.stringify(script)}], env: { TOKEN: { secret: DEPLOY_TOKEN } }${rest}`;
}

const configuration = `agents: { deployer: { ${agent('printf "%s|" "$TOKEN"; printf %s "$TOKEN" | wc -c >> length; printf %s "$TOKEN" | base64 >&2; cat')} } }\n`;

async function secretActions({ connection }: TestRuntime): Promise<unknown[]> {
  const { entries } = await connection.request('activity.list', { limit: 200 });
  return entries
    .filter(({ action }) => action.startsWith('secret.'))
    .map(({ actor, action, target, details }) => ({ actor, action, target, details }));
}

/** Everything below a folder, as one text. */
function readAll(folder: string): string {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => readFileSync(join(entry.parentPath, entry.name), 'latin1'))
    .join('\n');
}

describe('Secrets', function () {
  this.timeout(60_000);

  it('hold the wakes of an agent that lacks one, by its name, and release them when it is offered', async () => {
    await using runtime = await TestRuntime.open({ configuration });
    assert.deepEqual(runtime.state.runtime.secrets, [{ name: 'DEPLOY_TOKEN', agents: ['deployer'], isSet: false }]);
    const runId = await runtime.wake('deployer', { text: 'mind this' });
    await runtime.until((state) => state.runs.get(runId)?.heldFor === 'secrets');
    const why = await runtime.connection.request('agent.explain', { agent: 'deployer', limit: 5 });
    assert.match(describeNow(why, String, untranslated), /a secret that it needs is missing \(DEPLOY_TOKEN\); set it/);

    await runtime.connection.request('queue.runNow', { runId });
    assert.equal(runtime.state.runs.get(runId)?.status, 'queued');
    const { changed } = await runtime.connection.request('secrets.offer', { values: { DEPLOY_TOKEN: value } });

    assert.equal(changed, 1);
    assert.equal((await runtime.settled(runId)).status, 'succeeded');
    assert.deepEqual(runtime.state.runtime.secrets, [{ name: 'DEPLOY_TOKEN', agents: ['deployer'], isSet: true }]);
    assert.equal(readFileSync(join(runtime.folder.path, 'length'), 'utf8').trim(), String(Buffer.from(value).length));
  });

  it('reach the program, and nothing that is kept or told of it', async () => {
    await using runtime = await TestRuntime.open({ configuration });
    await runtime.connection.request('secrets.offer', { values: { DEPLOY_TOKEN: value } });
    const runId = await runtime.wake('deployer', { text: 'mind this' });
    await runtime.settled(runId);

    const log = await runtime.readLog(runId);
    assert.match(log, /\[secret DEPLOY_TOKEN\]\|/);
    assert.match(log, /mind this/);
    const { stdoutExcerpt, stderrExcerpt } = await runtime.connection.request('run.get', { runId });
    assert.match(stdoutExcerpt, /^\[secret DEPLOY_TOKEN\]\|/);
    assert.equal(stderrExcerpt.trim(), '[secret DEPLOY_TOKEN]');
    assert.deepEqual(await secretActions(runtime), [
      { actor: 'user:window', action: 'secret.set', target: 'secret:DEPLOY_TOKEN', details: { isReplaced: false } },
    ]);
    const kept = readAll(runtime.storePath) + readAll(runtime.stateDirectory) + JSON.stringify(runtime.logger.lines);
    assert.match(kept, /DEPLOY_TOKEN/);
    assert.doesNotMatch(kept, /hunter2|aHVudGVyMi/);
    assert.doesNotMatch(JSON.stringify(runtime.state.runtime), /hunter2/);
  });

  it('are told by no message of a run, a question or a result either', async () => {
    const told = `{"reveille":"result","status":"failed","message":"no access with '"$TOKEN"'"}`;
    const script = `echo '${told}'`;
    await using runtime = await TestRuntime.open({
      configuration: `agents: { deployer: { ${agent(script, ', protocol: jsonl')} } }\n`,
    });
    await runtime.connection.request('secrets.offer', { values: { DEPLOY_TOKEN: 'plain-value-of-it' } });
    const run = await runtime.settled(await runtime.wake('deployer'));

    assert.equal(run.message, 'It reported that it failed: no access with [secret DEPLOY_TOKEN]');
  });

  it('are told by no issue and no comment that an agent writes from its run', async () => {
    await using agents = await IssueAgents.open();
    const { connection, runtime } = agents;
    await connection.request('secrets.offer', { values: { DEPLOY_TOKEN: value } });
    agents.closeGate();
    const given = await agents.issue('Mend it', { assignee: 'ann' });
    const run = await agents.running('ann');
    const ann = agents.as(run);

    await ann.request('issue.comment', { issueId: given.id, text: `it is ${value}` });
    const place = { path: 'a.ts', startLine: 1, startCharacter: 0, endLine: 1, endCharacter: 5 };
    const { issue } = await ann.request('issue.create', {
      title: `see ${value}`,
      body: JSON.stringify({ value }),
      location: { ...place, text: value },
    });
    await connection.request('issue.comment', { issueId: given.id, text: 'a person may say another value' });
    await agents.letGo(run);

    const { comments } = await connection.request('issue.comments', { issueId: given.id, limit: 5 });
    assert.deepEqual(
      comments.map(({ text }) => text),
      ['a person may say another value', 'it is [secret DEPLOY_TOKEN]'],
    );
    assert.equal(issue.title, 'see [secret DEPLOY_TOKEN]');
    assert.equal(issue.body, '{"value":"[secret DEPLOY_TOKEN]"}');
    assert.equal(issue.location?.text, '[secret DEPLOY_TOKEN]');
    assert.doesNotMatch(readAll(runtime.storePath), /hunter2/);
  });

  it('are taken up to a length of all together, within which they may still be replaced', async () => {
    await using runtime = await TestRuntime.open({ configuration });
    const { connection } = runtime;
    const long = (letter: string): string => letter.repeat(8000);
    const values = Object.fromEntries('a b c d e f g h'.split(' ').map((letter) => [letter, long(letter)]));
    await connection.request('secrets.offer', { values });
    await assert.rejects(connection.request('secrets.offer', { values: { DEPLOY_TOKEN: long('i') } }), {
      kind: 'invalid',
      message: /^The secrets of a folder have at most 65536 characters together, and none of these was taken\./,
    });
    assert.equal(runtime.state.runtime.secrets[0]?.isSet, false);
    await connection.request('secrets.offer', { values: { a: long('A'), DEPLOY_TOKEN: value } });
    assert.match(await runtime.readLog((await runtime.settled(await runtime.wake('deployer'))).id), /\[secret DEPLOY_/);
  });

  it('are told from settings that only sound like them, which stay as they are', async () => {
    const script = 'echo "$MAX_THINKING_TOKENS $KEY_FILE $KEYBOARD $DEBUG_TOKEN $DEPLOY_KEY"';
    const env =
      'MAX_THINKING_TOKENS: 128000, KEY_FILE: /home/me/a.pem, KEYBOARD: qwertz-de, DEBUG_TOKEN: true, DEPLOY_KEY: a1b2c3d4';
    await using runtime = await TestRuntime.open({
      configuration: `agents: { worker: { adapter: process, command: sh, args: [-c, '${script}'], env: { ${env} } } }\n`,
    });
    const run = await runtime.settled(await runtime.wake('worker'));

    assert.equal(await runtime.readLog(run.id), '128000 /home/me/a.pem qwertz-de true [secret DEPLOY_KEY]\n');
  });

  it('are kept out of the words of Reveille about a run that could not start', async () => {
    await using runtime = await TestRuntime.open({
      configuration:
        'agents: { deployer: { adapter: process, command: /nowhere/gh-plain-token, env: { GH_TOKEN: gh-plain-token } } }\n',
    });
    const run = await runtime.settled(await runtime.wake('deployer'));

    assert.equal(run.errorCode, 'command_not_found');
    assert.match(run.message ?? '', /“\/nowhere\/\[secret GH_TOKEN\]” does not exist/);
  });

  it('apply to what a run puts out after they were set', async () => {
    const script = 'echo later-known-value; while [ ! -e "go-on_demand" ]; do sleep 0.02; done; echo later-known-value';
    await using runtime = await TestRuntime.open({
      configuration: `agents:\n  worker: { adapter: process, command: sh, args: [-c, ${JSON.stringify(script)}] }\n  other: { ${agent('true')} }\n`,
    });
    const runId = await runtime.wake('worker');
    await runtime.until((state) => state.runs.get(runId)?.status === 'running');
    while (!(await runtime.readLog(runId)).includes('later')) await new Promise((resolve) => setTimeout(resolve, 20));
    await runtime.connection.request('secrets.offer', { values: { DEPLOY_TOKEN: 'later-known-value' } });
    letGo(runtime, 'on_demand');
    await runtime.settled(runId);

    assert.equal(await runtime.readLog(runId), 'later-known-value\n[secret DEPLOY_TOKEN]\n');
  });

  it('are forgotten on request, which holds the agent again, and stay out of outputs', async () => {
    await using runtime = await TestRuntime.open({ configuration });
    const { connection } = runtime;
    await connection.request('secrets.offer', { values: { DEPLOY_TOKEN: value } });
    assert.deepEqual(await connection.request('secrets.offer', { values: { DEPLOY_TOKEN: value } }), { changed: 0 });
    assert.deepEqual(await connection.request('secrets.forget', { names: ['DEPLOY_TOKEN'] }), { changed: 1 });
    const runId = await runtime.wake('deployer');
    await runtime.until((state) => state.runs.get(runId)?.heldFor === 'secrets');
    await connection.request('secrets.offer', { values: { DEPLOY_TOKEN: 'another value' } });

    await runtime.settled(runId);
    const again = await runtime.wake('deployer', { text: `it was ${value}` });
    await runtime.settled(again);
    assert.match(await runtime.readLog(again), /it was \[secret DEPLOY_TOKEN\]/);
    assert.deepEqual(
      (await secretActions(runtime)).map((entry) => (entry as { action: string }).action),
      ['secret.set', 'secret.removed', 'secret.set'],
    );
  });

  it('are taken from trusted clients only', async () => {
    await using runtime = await TestRuntime.open({ configuration });
    runtime.connection.updateSettings({ kind: 'window', isTrusted: false });
    await runtime.connection.request('runtime.status', {});

    const offer = { values: { DEPLOY_TOKEN: value } };
    await assert.rejects(runtime.connection.request('secrets.offer', offer), { kind: 'trust' });
    await assert.rejects(runtime.connection.request('secrets.forget', { names: ['DEPLOY_TOKEN'] }), { kind: 'trust' });
    assert.equal(runtime.state.runtime.secrets[0]?.isSet, false);
  });

  it('are asked for when a definition in force begins to name one, and no longer when none does', async () => {
    await using runtime = await TestRuntime.open({ configuration: 'agents: {}\n' });
    assert.deepEqual(runtime.state.runtime.secrets, []);
    runtime.writeConfiguration(configuration);
    await runtime.connection.request('configuration.reload', {});
    assert.deepEqual(runtime.state.runtime.secrets, []);
    await runtime.acceptAll();
    await runtime.until((state) => state.runtime.secrets.length === 1);

    await runtime.connection.request('secrets.offer', { values: { DEPLOY_TOKEN: value } });
    await runtime.settled(await runtime.wake('deployer'));
    runtime.writeConfiguration(configuration.replace('DEPLOY_TOKEN', 'OTHER_TOKEN'));
    await runtime.acceptAll();
    await runtime.until((state) => state.runtime.secrets[0]?.name === 'OTHER_TOKEN');
    const held = await runtime.wake('deployer');
    await runtime.until((state) => state.runs.get(held)?.heldFor === 'secrets');

    runtime.writeConfiguration('agents: {}\n');
    await runtime.connection.request('configuration.reload', {});
    await runtime.until((state) => state.runtime.secrets.length === 0);
  });
});
