import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { poll } from '../../support/poll.ts';
import { buildProduct } from '../../support/productBuild.ts';
import { Place } from '../../support/runtimeProcess.ts';

interface Spoken {
  readonly code: number | null;
  readonly output: string;
  readonly errors: string;
}

/** Runs the command line as a person would. */
async function say(place: Place, ...words: string[]): Promise<Spoken> {
  const child = spawn(process.execPath, [join(place.product.directory, 'cli.js'), ...words], {
    cwd: place.folder,
    env: { ...process.env, REVEILLE_STATE_HOME: place.stateHome },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const [output, errors] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
  return { code: child.exitCode, output, errors };
}

async function read(place: Place, ...words: string[]): Promise<string> {
  const { code, output, errors } = await say(place, ...words);
  assert.deepEqual([code, errors], [0, ''], `${words.join(' ')} said: ${output}`);
  return output;
}

/** Agents whose program calls the command line; `$R` is how. Each notes in `said-<agent>` what it heard. */
async function makePlace(scripts: Readonly<Record<string, string>>): Promise<Place> {
  const product = await buildProduct();
  const call = `${JSON.stringify(process.execPath)} ${JSON.stringify(join(product.directory, 'cli.js'))}`;
  const agents = Object.entries(scripts).map(([key, script]) => {
    const program = `R() { ${call} "$@" >> said-${key} 2>&1; }; cat > told-${key}-$REVEILLE_RUN_ID; ${script}`;
    return `  ${key}:\n    adapter: process\n    command: sh\n    args: [-c, ${JSON.stringify(program)}]\n    shareCwd: true\n`;
  });
  const place = await Place.make({ configuration: `agents:\n${agents.join('')}`, product });
  await read(place, 'accept');
  return place;
}

const heard = (place: Place, agent: string): string => {
  const file = join(place.folder, `said-${agent}`);
  return existsSync(file) ? readFileSync(file, 'utf8') : '';
};

/** Resolves when nothing runs and nothing waits. */
async function untilQuiet(place: Place): Promise<void> {
  await poll(
    async () => {
      const { output } = await say(place, 'status');
      return (
        !/ (Running|Queued)/i.test(output.split('\n').slice(1).join('\n')) &&
        /Nothing waits/.test((await say(place, 'queue')).output)
      );
    },
    'nothing runs or waits',
    40_000,
  );
}

describe('Agents that call the command line', function () {
  this.timeout(90_000);

  it('work with issues in their own name, split them, and hear when the parts are closed', async () => {
    await using place = await makePlace({
      lead: `if [ ! -e split ]; then touch split; R issue create 'First part' --parent 1 --assign hand; R issue create 'Second part' --parent 1 --blocked-by 2 --assign hand; R comment 1 'Split it, @lead.'; else R issue status 1 done; fi`,
      hand: `R comment "$REVEILLE_ISSUE_NUMBER" 'Did it'; R issue status "$REVEILLE_ISSUE_NUMBER" done`,
    });

    await read(place, 'issue', 'create', 'The whole', '--assign', 'lead', '--body', 'All of it');
    await poll(async () => /The whole · done/.test(await read(place, 'issues', '--all')), 'the whole is done', 40_000);
    await untilQuiet(place);

    assert.match(
      await read(place, 'issues', '--all'),
      /#3 Second part · done · hand.*\n#2 First part · done · hand.*\n#1 The whole · done · lead/,
    );
    const shown = await read(place, 'issue', 'show', '1');
    assert.match(
      shown,
      /Parts: #2 First part \(done\); #3 Second part \(done\)\n\nAll of it\n\nagent:lead, .*:\nSplit it, @lead\./,
    );
    assert.match(heard(place, 'lead'), /The comment is kept; it wakes nobody/);
    const why = await read(place, 'why', 'lead');
    assert.match(why, /Wake by automation: No part is open any more \(#2, #3\): issue #1: The whole/);
    assert.equal(why.match(/Wake by/g)?.length, 2);
    assert.match(
      await read(place, 'why', 'hand'),
      /Wake by automation: Not blocked any more \(#2 closed\): issue #3|Wake by assignment: Assigned issue #3/,
    );
    await read(place, 'stop-runtime');
  });

  it('do nothing that is for people', async () => {
    await using place = await makePlace({
      rogue: `for words in 'wake rogue' 'accept' 'stop-everything' 'release' 'backup x.sqlite' 'delete-issue 1 --yes' 'cancel none' 'stop-runtime'; do R $words; echo "$words: $?" >> codes; done; R issues; echo "issues: $?" >> codes`,
    });
    await read(place, 'issue', 'create', 'Be good', '--assign', 'rogue');
    await poll(
      () =>
        existsSync(join(place.folder, 'codes')) && /issues: /.test(readFileSync(join(place.folder, 'codes'), 'utf8')),
      'it has tried',
      40_000,
    );

    const codes = readFileSync(join(place.folder, 'codes'), 'utf8').trim().split('\n');
    assert.deepEqual(codes.map((line) => line.slice(-1)).join(''), '111111110', heard(place, 'rogue'));
    assert.equal(heard(place, 'rogue').match(/An agent cannot do this; a person can\./g)?.length, 8);
    assert.match(await read(place, 'issues'), /#1 Be good/);
    await read(place, 'stop-runtime');
  });

  it('that answer each other stop by themselves, and a person can set them going again', async () => {
    await using place = await makePlace({
      ping: `R comment 1 'Your turn, @pong'`,
      pong: `R comment 1 'Your turn, @ping'`,
    });
    await read(place, 'issue', 'create', 'A long talk', '--assign', 'ping');
    await poll(
      () => /too many times in a row/.test(heard(place, 'ping') + heard(place, 'pong')),
      'they are stopped',
      60_000,
    );
    await untilQuiet(place);

    assert.match(await read(place, 'issues'), /comments: 9/);
    assert.match(await read(place, 'comment', '1', 'Once more'), /ping/);
    await poll(async () => /comments: 1\d/.test(await read(place, 'issues')), 'they talk again', 40_000);
    await read(place, 'stop-runtime');
  });
});
