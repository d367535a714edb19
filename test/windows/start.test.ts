import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { runNode } from '../../scripts/testing/command.ts';

describe('npm start', function () {
  this.timeout(120_000);

  it('opens VS Code, accepts the example, wakes an agent, streams its transcript and says how it ended', async () => {
    const { exitCode, output } = await runNode(['scripts/start.ts', '--once'], { output: 'capture' });
    assert.equal(exitCode, 0, output);
    assert.match(output, /surveyor: runs `node agents\/surveyor\.mjs`/);
    assert.match(output, /src\/money\.js:20 {2}FIXME/);
    assert.match(output, /surveyor succeeded after/);
    assert.match(output, /Its log: /);
  });

  it('fails when the agent fails', async () => {
    const { exitCode, output } = await runNode(['scripts/start.ts', '--once', '--agent', 'checker'], {
      output: 'capture',
    });
    assert.equal(exitCode, 1, output);
    assert.match(output, /8 passed, 1 failed/);
    assert.match(output, /checker failed/);
  });

  it('says so when there is no such agent, and leaves nothing behind', async () => {
    const { exitCode, output } = await runNode(['scripts/start.ts', '--once', '--agent', 'nobody'], {
      output: 'capture',
    });
    assert.equal(exitCode, 1, output);
    assert.match(output, /nobody/);
  });
});
