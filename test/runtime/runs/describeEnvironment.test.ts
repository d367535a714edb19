import assert from 'node:assert/strict';
import { describeEnvironment } from '../../../src/runtime/runs/describeEnvironment.ts';

describe('an environment that is described', () => {
  const definition = { env: { NODE_ENV: 'test', HOME: '/other' }, secretEnv: { TOKEN: 'GITHUB_TOKEN' } };

  it('names each variable and where it comes from, and no value', () => {
    const passed = {
      TOKEN: 'hunter2',
      PATH: '/bin',
      HOME: '/other',
      NODE_ENV: 'test',
      REVEILLE_RUN_ID: 'r',
      CLAUDE_CODE_X: '1',
      LANG: 'de',
    };
    const entries = describeEnvironment('linux', definition, passed, { PATH: '/bin', HOME: '/home', LANG: 'C' });
    assert.deepEqual(
      entries.map(({ name, from }) => `${name} ${from}`),
      [
        'CLAUDE_CODE_X adapter',
        'HOME definition',
        'LANG adapter',
        'NODE_ENV definition',
        'PATH base',
        'REVEILLE_RUN_ID reveille',
        'TOKEN secret',
      ],
    );
    assert.doesNotMatch(JSON.stringify(entries), /hunter2/);
  });

  it('knows names by any case on Windows', () => {
    const passed = { Path: 'C:\\', token: 'x' };
    assert.deepEqual(describeEnvironment('win32', definition, passed, { PATH: 'C:\\' }), [
      { name: 'Path', from: 'base' },
      { name: 'token', from: 'secret' },
    ]);
  });
});
