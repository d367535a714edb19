import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { makeTemporaryFolder } from './temporaryFolder.ts';

/** Variables of this machine that programs need; nothing of anybody's accounts is among them. */
const passed = ['PATH', 'LANG', 'LC_ALL', 'SystemRoot', 'ComSpec', 'PATHEXT'];

/** The variable that holds codex' key; named in its configuration. */
const codexKeyVariable = 'FAKE_OPENAI_KEY';

/** A home of its own for the CLIs, with accounts at fake endpoints. Removed by `using`. */
export interface CliHome extends Disposable {
  readonly home: string;
  readonly workspace: string;
  /** `CLAUDE_CONFIG_DIR`. */
  readonly claudeConfig: string;
  /** `CODEX_HOME`. */
  readonly codexHome: string;
  /** The whole environment of a CLI: none of the machine's own ANTHROPIC_, CLAUDE, OPENAI_ or CODEX_ variables. */
  readonly env: Readonly<Record<string, string>>;
}

/** Nothing answers there: what is not meant to be asked fails at once. */
const nowhere = 'http://127.0.0.1:9';

/** Makes a home whose CLIs talk to the given endpoints and to nobody else. */
export function makeCliHome({
  anthropic = nowhere,
  openAi = nowhere,
}: {
  readonly anthropic?: string;
  readonly openAi?: string;
} = {}): CliHome {
  const folder = makeTemporaryFolder('reveille-cli-');
  const make = (name: string): string => {
    const path = join(folder.path, name);
    mkdirSync(path);
    return path;
  };
  const [home, workspace, temporary] = [make('home'), make('project'), make('temporary')];
  const [claudeConfig, codexHome] = [make('claude'), make('codex')];
  writeFileSync(join(codexHome, 'config.toml'), codexConfiguration(openAi));
  const machine = passed.flatMap((name) => {
    const value = process.env[name];
    return value === undefined ? [] : [[name, value] as const];
  });
  const env = {
    ...Object.fromEntries(machine),
    HOME: home,
    USERPROFILE: home,
    ...{ TMPDIR: temporary, TEMP: temporary, TMP: temporary },
    CLAUDE_CONFIG_DIR: claudeConfig,
    ANTHROPIC_BASE_URL: anthropic,
    ANTHROPIC_API_KEY: 'fake-anthropic-key',
    CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1',
    DISABLE_TELEMETRY: '1',
    DISABLE_ERROR_REPORTING: '1',
    DISABLE_AUTOUPDATER: '1',
    CODEX_HOME: codexHome,
    [codexKeyVariable]: 'fake-openai-key',
  };
  return { home, workspace, claudeConfig, codexHome, env, [Symbol.dispose]: () => folder[Symbol.dispose]() };
}

/** Retries are bounded so that a failing endpoint does not hold up a test. */
function codexConfiguration(url: string): string {
  return `model = "gpt-fake"
model_provider = "fake"
check_for_update_on_startup = false

[model_providers.fake]
name = "fake"
base_url = "${url}/v1"
wire_api = "responses"
env_key = "${codexKeyVariable}"
request_max_retries = 0
stream_max_retries = 0
`;
}
