import assert from 'node:assert/strict';
import { printUsage } from '../src/cliUsage.ts';
import { TestRuntime } from './support/openTestRuntime.ts';

const says = (usage: object): string =>
  JSON.stringify(`console.log(${JSON.stringify(JSON.stringify({ reveille: 'usage', ...usage }))})`);

const tokens = { inputTokens: 1000, cachedTokens: 400, outputTokens: 10 };
const configuration = `agents:
  billed: { adapter: process, command: node, protocol: jsonl, args: [-e, ${says({ ...tokens, model: 'm', costUsd: 0.25 })}] }
  listed: { adapter: process, command: node, protocol: jsonl, args: [-e, ${says({ ...tokens, model: 'gpt-5' })}] }
  silent: { adapter: process, command: 'false' }
`;

interface Options {
  readonly by?: string;
  readonly days?: string;
  readonly json?: boolean;
}

/** What is printed, with the run times taken out. */
async function say({ connection }: TestRuntime, { json = false, ...options }: Options = {}): Promise<string[]> {
  const lines: string[] = [];
  const print = (line: string): void =>
    void lines.push(line.replace(/(?:< )?\d+(?:\.\d)? s/, 'TIME').replace(/ +/g, ' '));
  assert.equal(await printUsage({ connection, options: { ...options, json }, now: Date.now(), print }), 0);
  return lines;
}

describe('reveille usage', function () {
  this.timeout(30_000);

  it('says what agents used and cost, and on what that rests', async () => {
    await using runtime = await TestRuntime.open({ configuration });
    assert.deepEqual(await say(runtime), ['No run ended today.']);
    for (const agent of ['billed', 'listed', 'silent']) await runtime.settled(await runtime.wake(agent));

    assert.deepEqual(await say(runtime), [
      'billed runs: 1 · TIME · 1.0 k in (400 from cache), 10 out · $0.25',
      'listed runs: 1 · TIME · 1.0 k in (400 from cache), 10 out · ≈ $0.00090 by list price',
      'silent runs: 1 (1 not succeeded) · TIME · cost unknown',
      'together runs: 3 (1 not succeeded) · TIME · 2.0 k in (800 from cache), 20 out · at least ≈ $0.25 ($0.00090 of it by list price), unknown for 1',
    ]);
    assert.deepEqual(
      (await say(runtime, { by: 'model' })).map((line) => line.split(' ')[0]),
      ['unknown', 'gpt-5', 'm'],
    );
    assert.match((await say(runtime, { by: 'day', days: '3' }))[0] ?? '', /^\d{4}-\d\d-\d\d runs: 3 /);
  });

  it('names the issues that it was for', async () => {
    await using runtime = await TestRuntime.open({ configuration });
    const { issue } = await runtime.connection.request('issue.create', { title: 'Mend\u001b[2J it' });
    const { issue: other } = await runtime.connection.request('issue.create', { title: 'Short-lived' });
    for (const issueId of [issue.id, other.id, undefined]) {
      const about = issueId === undefined ? {} : { issueId };
      const { runId } = await runtime.connection.request('agent.wake', { agent: 'billed', ...about });
      await runtime.settled(runId ?? '');
    }
    await runtime.connection.request('issue.delete', { issueId: other.id });

    const names = (await say(runtime, { by: 'issue' })).map((line) => line.replace(/ runs: .*/, ''));
    assert.deepEqual(names.sort(), ['#1 Mend [2J it', 'a deleted issue', 'no issue', 'together']);
  });

  it('prints JSON for programs, where unknown is null', async () => {
    await using runtime = await TestRuntime.open({ configuration });
    for (const agent of ['billed', 'silent']) await runtime.settled(await runtime.wake(agent));
    const { groupBy, groups } = JSON.parse((await say(runtime, { json: true })).join('\n')) as {
      groupBy: string;
      groups: { key: string; costMicros: number | null; tokens: object | null }[];
    };
    assert.equal(groupBy, 'agent');
    assert.deepEqual(
      groups.map(({ key, costMicros, tokens: used }) => [key, costMicros, used]),
      [
        ['billed', 250_000, { input: 1000, cached: 400, cacheWrite: 0, output: 10 }],
        ['silent', null, null],
      ],
    );
  });

  it('refuses options that make no sense', async () => {
    await using runtime = await TestRuntime.open({ configuration });
    await assert.rejects(say(runtime, { by: 'moon' }), { message: '--by takes one of agent, model, issue, day.' });
    for (const days of ['0', '-1', '1.5', '1096', 'x'])
      await assert.rejects(say(runtime, { days }), { message: '--days takes a number from 1 to 1095.' });
  });
});
