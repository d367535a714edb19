import assert from 'node:assert/strict';
import { untranslated } from '../../src/format.ts';
import { configurationProblems, agentsMessage } from '../../src/views/configurationProblems.ts';
import { sampleAgent } from '../support/sampleState.ts';
import { viewedFolder } from './viewedFolder.ts';

const problems = [{ message: 'no such key', line: 3, column: 5 }];
const invalid = { status: 'invalid', path: '/srv/b/.reveille/reveille.yaml', problems } as const;

describe('mistakes in a configuration', () => {
  it('are told for each file that has one', () => {
    const folders = [viewedFolder(), viewedFolder({ name: 'b', configuration: invalid })];
    assert.deepEqual(configurationProblems(folders), [{ path: invalid.path, problems }]);
  });

  it('are gone once the file is right, or gone', () => {
    assert.deepEqual(configurationProblems([viewedFolder({ configuration: { problems: [...problems] } })]), []);
    assert.deepEqual(configurationProblems([viewedFolder({ configuration: { status: 'missing' } })]), []);
  });

  it('are said above the agents that go on with the last good definitions', () => {
    const agents = [sampleAgent('a')];
    assert.match(
      agentsMessage([viewedFolder({ agents, configuration: invalid })], true, untranslated) ?? '',
      /last good/,
    );
    assert.equal(agentsMessage([viewedFolder({ configuration: invalid })], true, untranslated), null);
    assert.equal(agentsMessage([viewedFolder({ agents })], true, untranslated), null);
  });

  it('stand beside the word that everything is stopped', () => {
    const folder = { agents: [sampleAgent('a')], runtime: { isStopped: true } };
    assert.match(
      agentsMessage([viewedFolder(folder)], true, untranslated) ?? '',
      /^Everything is stopped[^]*release them\.$/,
    );
    assert.match(
      agentsMessage([viewedFolder({ ...folder, configuration: invalid })], true, untranslated) ?? '',
      /^Everything is stopped[^]*last good/,
    );
  });

  it('stand behind the word that the workspace is not trusted', () => {
    const agents = [sampleAgent('a')];
    assert.match(agentsMessage([viewedFolder({ agents })], false, untranslated) ?? '', /^Restricted Mode/);
    assert.equal(agentsMessage([viewedFolder()], false, untranslated), null);
  });

  it('begin with the word that the connection is lost', () => {
    const status = { kind: 'failed', message: 'gone', action: 'retry' } as const;
    const folder = viewedFolder({ status, agents: [sampleAgent('a')] });
    assert.match(agentsMessage([folder], true, untranslated) ?? '', /^Not connected/);
  });
});
