import assert from 'node:assert/strict';
import { storeWithin } from '../../src/connection/findOrStart.ts';
import { explainExit, runtimeEnvironment } from '../../src/connection/launchRuntime.ts';

describe('storeWithin', () => {
  const folder = { id: '0123456789abcdef0123456789abcdef', path: '/srv' };
  const within = (path: string): string => storeWithin(path, folder).replaceAll('\\', '/');

  it('is the same for the first and the second window of a workspace', () => {
    const expected = '/u/workspaceStorage/ab12/reveille.reveille/stores/0123456789abcdef';
    assert.equal(within('/u/workspaceStorage/ab12/reveille.reveille'), expected);
    assert.equal(within('/u/workspaceStorage/ab12-1/reveille.reveille'), expected);
    assert.equal(within('/u/workspaceStorage/ab12-17/reveille.reveille'), expected);
    assert.equal(
      within('C:\\u\\workspaceStorage\\ab12-1\\reveille.reveille'),
      'C:/u/workspaceStorage/ab12/reveille.reveille/stores/0123456789abcdef',
    );
  });

  it('leaves a path alone that a person chose', () => {
    assert.equal(within('/data/project-2'), '/data/project-2/stores/0123456789abcdef');
  });
});

describe('runtimeEnvironment', () => {
  it('is the given one without what belongs to the processes of the editor', () => {
    const env = {
      PATH: '/bin',
      HOME: '/h',
      VSCODE_PID: '1',
      vscode_ipc: 'x',
      ELECTRON_RUN_AS_NODE: '0',
      GONE: undefined,
    };
    const { MALLOC_TRIM_THRESHOLD_: _small, ...rest } = runtimeEnvironment(env);
    assert.deepEqual(rest, { PATH: '/bin', HOME: '/h', GONE: undefined, ELECTRON_RUN_AS_NODE: '1' });
  });
});

describe('explainExit', () => {
  it('says which Node it takes, where an older one could not read it', () => {
    const { kind, message } = explainExit('TypeError: x\n    at y\n\nNode.js v20.20.2\n', 'code 1');
    assert.equal(kind, 'configuration');
    assert.match(message, /needs Node 22 or newer, and was started with v20\.20\.2\. Start .* newer/);
  });

  it('takes the reason from the last line of JSON', () => {
    const error = explainExit('Warning: x\n{"kind":"storage","message":"Make room."}\n', 'code 1');
    assert.deepEqual([error.kind, error.message], ['storage', 'Make room.']);
  });

  it('repeats the last words of a program that has no such line', () => {
    const error = explainExit('SyntaxError: nope\n{"other":1}\n{broken\n', 'code 1');
    assert.equal(error.kind, 'unreachable');
    assert.match(error.message, /code 1.*SyntaxError: nope/s);
    assert.match(explainExit('TypeError: x\n\nNode.js v24.1.0\n', 'code 1').message, /code 1.*TypeError/s);
    assert.match(explainExit('', 'SIGKILL').message, /SIGKILL/);
  });
});
