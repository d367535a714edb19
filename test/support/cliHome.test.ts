import assert from 'node:assert/strict';
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { makeCliHome } from './cliHome.ts';

describe('A home for the real CLIs', () => {
  const own = ['ANTHROPIC_AUTH_TOKEN', 'CLAUDE_CODE_OAUTH_TOKEN', 'OPENAI_API_KEY', 'CODEX_API_KEY', 'HTTPS_PROXY'];
  const before = new Map(own.map((name) => [name, process.env[name]]));
  beforeEach(() => {
    for (const name of own) process.env[name] = 'of-this-machine';
  });
  afterEach(() => {
    for (const [name, value] of before) {
      if (value === undefined) Reflect.deleteProperty(process.env, name);
      else process.env[name] = value;
    }
  });

  it('has nothing of this machine’s accounts', () => {
    using home = makeCliHome({ anthropic: 'http://127.0.0.1:1' });
    assert.deepEqual(
      Object.entries(home.env).filter(([, value]) => value === 'of-this-machine'),
      [],
    );
    assert.equal(home.env['ANTHROPIC_BASE_URL'], 'http://127.0.0.1:1');
  });

  it('leads both CLIs to the given endpoints, and goes', () => {
    const home = makeCliHome({ openAi: 'http://127.0.0.1:2' });
    assert.match(readFileSync(join(home.codexHome, 'config.toml'), 'utf8'), /base_url = "http:\/\/127\.0\.0\.1:2\/v1"/);
    assert(statSync(home.workspace).isDirectory());
    home[Symbol.dispose]();
    assert.throws(() => statSync(home.workspace));
  });
});
