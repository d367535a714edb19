import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { commandsOf } from '../support/cliProgram.ts';
import { CliSetup } from '../support/cliSetup.ts';
import { TestRuntime } from '../support/openTestRuntime.ts';
import { poll } from '../support/poll.ts';
import { withReplies, type Reply } from '../support/replyScript.ts';
import { Place } from '../support/runtimeProcess.ts';

const sleep = 'sleep 304';
const sleeping = withReplies('Wait.', [{ call: { shell: `echo waiting; ${sleep}` } }]);

/** Resolves once the command of a run works. */
async function untilSleeping(runId: string): Promise<void> {
  await poll(async () => (await commandsOf(runId)).includes(sleep), 'the command of the run works', 30_000);
}

/** How a real CLI lives and dies as an agent of a whole runtime. */
export function describeThroughRuntime(name: 'claude' | 'codex'): void {
  describe(`the real ${name} as an agent of a runtime`, function () {
    this.timeout(90_000);

    it('works off a wake', async () => {
      await using setup = await CliSetup.open();
      await using runtime = await TestRuntime.open({ configuration: setup.configuration(name) });
      const replies: Reply[] = [{ call: { shell: 'touch made' } }, { text: 'All is well.' }];
      const run = await runtime.settled(await runtime.wake('coder', { text: withReplies('Work.', replies) }), 60_000);
      const log = await runtime.readLog(run.id);
      assert.deepEqual([run.status, run.exitCode], ['succeeded', 0], log);
      assert.match(log, /All is well\./);
      assert(existsSync(join(runtime.folder.path, 'made')));
    });

    it('ends with its command when the run is cancelled', async () => {
      await using setup = await CliSetup.open();
      await using runtime = await TestRuntime.open({ configuration: setup.configuration(name) });
      const runId = await runtime.wake('coder', { text: sleeping });
      await untilSleeping(runId);
      await runtime.connection.request('run.cancel', { runId });
      assert.equal((await runtime.settled(runId, 30_000)).status, 'cancelled');
      assert.deepEqual(await commandsOf(runId), []);
    });

    it('ends with its command when the runtime is killed', async () => {
      await using setup = await CliSetup.open();
      await using place = await Place.make({ configuration: setup.configuration(name) });
      const window = await place.openReadyWindow();
      const runId = await window.wake('coder', { text: sleeping });
      await untilSleeping(runId);
      const { pid } = window;
      process.kill(pid, 'SIGKILL');
      await window.untilReplaced(pid, 30_000);
      const { status, errorCode } = await window.settled(runId, 30_000);
      assert.deepEqual([status, errorCode], ['failed', 'process_lost']);
      assert.deepEqual(await commandsOf(runId), []);
    });
  });
}
