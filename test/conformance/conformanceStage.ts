import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { systemClock } from '../../src/runtime/clock.ts';
import type { AgentDefinition } from '../../src/runtime/definition.ts';
import type { Executor } from '../../src/runtime/runs/executor.ts';
import { toProcessPlatform } from '../../src/runtime/runs/processPlatform.ts';
import { putAgentDefinition } from '../../src/runtime/store/agentTable.ts';
import type { RunRow } from '../../src/runtime/store/runTable.ts';
import { makeTemporaryFolder } from '../support/temporaryFolder.ts';
import { openExecutor, recordsOf, type TestExecutor } from '../support/testExecutor.ts';
import { WakeFixture } from '../support/wakeFixture.ts';
import { secretValue, type Actor, type ConformanceSubject } from './conformanceSubject.ts';

/** Queue, store and executor with the real drivers, of an agent `a` of the adapter under test, with its actor. */
export class ConformanceStage implements AsyncDisposable {
  readonly actor: Actor;
  readonly executor: Executor;
  readonly #fixture: WakeFixture;
  readonly #folder: Disposable & { readonly path: string };
  readonly #opened: TestExecutor;
  readonly #runIds: string[] = [];

  private constructor(
    subject: ConformanceSubject,
    parts: { readonly fixture: WakeFixture; readonly actor: Actor; readonly folder: Disposable & { path: string } },
  ) {
    this.actor = parts.actor;
    this.#fixture = parts.fixture;
    this.#folder = parts.folder;
    const { fixture } = parts;
    this.#opened = openExecutor(parts.folder.path, {
      records: recordsOf(fixture),
      adapterOf: () => subject.adapter,
      secrets: { valuesOf: () => ({ TOKEN: secretValue }), presentOf: () => ({}), known: () => [], isUsed: false },
      clock: { ...systemClock, now: () => fixture.clock.now() },
      maxLogBytes: () => 50_000_000,
    });
    this.executor = this.#opened.executor;
  }

  static async open(subject: ConformanceSubject): Promise<ConformanceStage> {
    const folder = makeTemporaryFolder();
    const [actor, fixture] = [await subject.open(folder.path), await WakeFixture.open()];
    return new ConformanceStage(subject, { fixture, actor, folder });
  }

  get #logs(): string {
    return this.#opened.logs;
  }

  /** Lets the agent run, with a text that it is woken with; answers its run's id once it is claimed, and its end. */
  begin(
    definition: AgentDefinition,
    text = 'Please do it.',
  ): { readonly runId: string; readonly ended: Promise<RunRow> } {
    const fixture = this.#fixture;
    fixture.state.commit((transaction) => {
      const fields = { key: 'a', position: 0, fingerprint: 'f', isEnforced: true, anchorAt: 0 };
      putAgentDefinition(transaction, { ...fields, definition: { ...definition, key: 'a' } });
    });
    const runId = fixture.ask({ taskKey: 'T', text }).runId ?? '';
    const claimed = fixture.queue.claim(runId, { commandLine: 'x', cwd: this.#folder.path });
    assert.ok(claimed, 'The run was not to be claimed.');
    this.#runIds.push(runId);
    const { run, agent, session, wakeups } = claimed;
    const execution = this.executor.execute({ run, definition: agent.definition, issue: null, session, wakeups });
    return { runId, ended: execution.then(() => fixture.run(runId)) };
  }

  run(definition: AgentDefinition, text?: string): Promise<RunRow> {
    return this.begin(definition, text).ended;
  }

  /** What a run has put out so far; '' before its log is there. */
  readLog(runId: string): string {
    const file = join(this.#logs, `${runId}.log`);
    return existsSync(file) ? readFileSync(file, 'utf8') : '';
  }

  /** Fails if a run left a process or a file behind. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#opened[Symbol.dispose]();
    await this.actor[Symbol.asyncDispose]();
    const table = await toProcessPlatform(process.platform).readTable(0);
    const left = table.filter(({ runId, isZombie }) => !isZombie && runId !== null && this.#runIds.includes(runId));
    for (const { pid } of left) process.kill(pid, 'SIGKILL');
    const files = this.#runIds.filter((runId) => existsSync(join(this.#logs, `${runId}.run`)));
    await this.#fixture[Symbol.asyncDispose]();
    this.#folder[Symbol.dispose]();
    assert.deepEqual(left, [], 'A run left processes behind.');
    assert.deepEqual(files, [], 'A run left its files behind.');
    this.#opened.logger.assertQuiet();
  }
}
