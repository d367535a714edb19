import assert from 'node:assert/strict';
import { untranslated } from '../../../src/format.ts';
import { parseConfiguration } from '../../../src/runtime/config/load.ts';
import { starterConfiguration } from '../../../src/views/actions/starterConfiguration.ts';

describe('the starter configuration', () => {
  it('is valid, whatever the folder is called, and defines one agent that wakes only when asked', () => {
    for (const name of ['workshop', 'a "b": c # d', 'x\ny', '']) {
      const text = starterConfiguration(name, untranslated);
      const loaded = parseConfiguration(new TextEncoder().encode(text), '/srv');
      if (loaded.status !== 'ok') assert.fail(JSON.stringify(loaded));
      const [agent] = loaded.agents;
      assert.equal(agent?.key, 'greeter');
      assert.equal(agent.heartbeat.enabled, false);
    }
  });
});
