import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { untranslated } from '../../../src/format.ts';
import { parseConfiguration } from '../../../src/runtime/config/load.ts';
import { programsOnPath } from '../../../src/views/actions/programsOnPath.ts';
import { starterAdapters, starterConfiguration } from '../../../src/views/actions/starterConfiguration.ts';
import { makeTemporaryFolder } from '../../support/temporaryFolder.ts';

function agentsOf(text: string) {
  const loaded = parseConfiguration(new TextEncoder().encode(text), '/srv');
  if (loaded.status !== 'ok') assert.fail(`${JSON.stringify(loaded)}\n${text}`);
  return loaded.agents;
}

const subsets = starterAdapters.reduce<(typeof starterAdapters)[number][][]>(
  (all, adapter) => [...all, ...all.map((some) => [...some, adapter])],
  [[]],
);

describe('the starter configuration', () => {
  it('is valid, whatever the folder is called, and defines one agent that wakes only when asked', () => {
    for (const name of ['workshop', 'a "b": c # d', 'x\ny', '']) {
      const [agent] = agentsOf(starterConfiguration(name, [], untranslated));
      assert.equal(agent?.key, 'greeter');
      assert.equal(agent.heartbeat.enabled, false);
    }
  });

  it('has an agent of each adapter that was chosen, none of which starts by itself or needs a secret', () => {
    assert.equal(subsets.length, 16);
    for (const chosen of subsets.slice(1)) {
      const agents = agentsOf(starterConfiguration('shop', chosen, untranslated));
      assert.deepEqual(
        agents.map(({ adapter }) => adapter),
        chosen,
      );
      assert.ok(agents.every(({ heartbeat, secretEnv }) => !heartbeat.enabled && Object.keys(secretEnv).length === 0));
    }
  });

  it('has nothing in its comments that would be refused once it is used', () => {
    const text = starterConfiguration('shop', starterAdapters, untranslated);
    const used = text.replace(/^( +)# (\w+: )/gm, '$1$2');
    assert.ok(used.split('\n').filter((line, index) => line !== text.split('\n')[index]).length >= 6);
    const agents = agentsOf(used);
    const [claude] = agents;
    assert.equal(claude?.claude?.model, 'sonnet');
    assert.deepEqual(claude.secretEnv, { ANTHROPIC_API_KEY: 'ANTHROPIC_API_KEY' });
    assert.deepEqual(agents[3]?.http?.headers, { Authorization: { secret: 'REMOTE_AUTHORIZATION' } });
  });
});

describe('programs on the PATH', () => {
  it('are files that may be executed, in absolute folders of it', async function () {
    if (process.platform === 'win32') return;
    using folder = makeTemporaryFolder();
    const [one, two] = [join(folder.path, 'one'), join(folder.path, 'two')];
    for (const path of [one, two, join(one, 'codex')]) mkdirSync(path);
    writeFileSync(join(two, 'claude'), '');
    writeFileSync(join(two, 'other'), '');
    chmodSync(join(two, 'claude'), 0o755);
    const find = (PATH: string | undefined) => programsOnPath(['claude', 'codex', 'other'], process.platform, { PATH });

    assert.deepEqual([...(await find([one, join(folder.path, 'none'), two].join(delimiter)))], ['claude']);
    assert.deepEqual([...(await find(one)), ...(await find('.')), ...(await find(undefined))], []);
  });
});
