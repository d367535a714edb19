import assert from 'node:assert/strict';
import { sessionCommands } from '../src/cliSessions.ts';
import { TestRuntime } from './support/openTestRuntime.ts';

const counting = `
agents:
  counting: { adapter: process, command: "true", shareCwd: true }
  other: { adapter: process, command: "true", shareCwd: true }
`;

/** What a person reads, and the exit code. */
async function say(
  runtime: TestRuntime,
  ...words: string[]
): Promise<{ readonly code: number; readonly lines: string[] }> {
  const lines: string[] = [];
  const command = sessionCommands[words[0] ?? ''];
  assert(command);
  const code = await command({
    connection: runtime.connection,
    words: words.slice(1),
    now: Date.now() + 2 * 3_600_000,
    print: (line) => lines.push(line),
  });
  return { code, lines };
}

describe('Sessions on the command line', function () {
  this.timeout(60_000);

  it('are listed with their task, runs and age, and reset by key, by issue, or all of an agent', async () => {
    await using runtime = await TestRuntime.open({ configuration: counting });
    assert.match((await say(runtime, 'sessions')).lines.join(), /^No session is kept/);
    const { issue } = await runtime.connection.request('issue.create', { title: 'Mend\u001b[2J it' });
    for (const part of [{}, { issueId: issue.id }, { taskKey: 'release' }, { taskKey: 'release' }])
      await runtime.settled(await runtime.wake('counting', { text: 'x', ...part }));
    await runtime.settled(await runtime.wake('other', { text: 'x' }));

    const { lines } = await say(runtime, 'sessions', 'counting');
    assert.equal(lines.length, 6);
    assert.deepEqual(
      lines.filter((_line, index) => index % 2 === 0).map((line) => line.replace(/ +/, ' ')),
      ['counting release', 'counting #1 Mend [2J it', 'counting unscoped'],
    );
    assert.match(lines[1] ?? '', /^ +process · runs: 2 · begun 2 h ago · last used 2 h ago$/);
    assert.equal((await say(runtime, 'sessions')).lines.length, 8);

    assert.deepEqual(await say(runtime, 'session', 'reset', 'counting', '#1'), {
      code: 0,
      lines: ['Sessions reset: 1.'],
    });
    assert.equal((await say(runtime, 'session', 'reset', 'counting', 'unknown')).code, 1);
    await assert.rejects(say(runtime, 'session', 'reset', 'counting', '#1'), /no session of issue #1/);
    await assert.rejects(say(runtime, 'session', 'forget', 'counting'), /Say "session reset/);
    assert.deepEqual(await say(runtime, 'session', 'reset', 'counting'), { code: 0, lines: ['Sessions reset: 2.'] });
    assert.equal((await say(runtime, 'sessions')).lines.length, 2);
  });
});
