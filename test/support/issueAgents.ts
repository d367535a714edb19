import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { RuntimeFolderConnection } from '../../src/connection/folderConnection.ts';
import type { Params } from '../../src/protocol.ts';
import type { Issue, Run } from '../../src/runtime/model.ts';
import { TestRuntime, type TestRuntimeOptions } from './openTestRuntime.ts';

const agent = (key: string, more = ''): string => `
  ${key}:
    adapter: process
    command: sh
    args: [-c, 'cat; while [ -e gate ] && [ ! -e "go-$REVEILLE_RUN_ID" ]; do sleep 0.02; done']
    shareCwd: true
    heartbeat: { maxConcurrentRuns: 4${more} }`;

/** Agents that end at once, or while the gate is closed as soon as they are let go. `deaf` does not wake by itself. */
const configuration = `agents:${agent('ann')}${agent('bob')}${agent('deaf', ', wakeOnAutomation: false')}\n`;

/** A runtime with agents that work on issues. */
export class IssueAgents implements AsyncDisposable {
  readonly runtime: TestRuntime;
  readonly #actors: RuntimeFolderConnection[] = [];

  private constructor(runtime: TestRuntime) {
    this.runtime = runtime;
  }

  static async open(options: TestRuntimeOptions = {}): Promise<IssueAgents> {
    return new IssueAgents(await TestRuntime.open({ configuration, slots: 8, ...options }));
  }

  get connection(): RuntimeFolderConnection {
    return this.runtime.connection;
  }

  /** From now on agents work until they are let go. */
  closeGate(): void {
    writeFileSync(join(this.runtime.folder.path, 'gate'), '');
  }

  openGate(): void {
    rmSync(join(this.runtime.folder.path, 'gate'));
  }

  async letGo(run: Run): Promise<Run> {
    writeFileSync(join(this.runtime.folder.path, `go-${run.id}`), '');
    return this.runtime.settled(run.id);
  }

  /** Makes an issue; one of nobody wakes nobody. */
  async issue(title: string, more: Omit<Params<'issue.create'>, 'title'> = {}): Promise<Issue> {
    return (await this.connection.request('issue.create', { title, ...more })).issue;
  }

  find(issueId: string): Issue | undefined {
    return this.runtime.state.issues.get(issueId);
  }

  /** The runs of an agent, oldest first. */
  runsOf(key: string): Run[] {
    return [...this.runtime.state.runs.values()].filter((run) => run.agent === key).sort((a, b) => a.number - b.number);
  }

  /** Resolves with the `count`-th run of an agent once it runs. */
  async running(key: string, count = 1): Promise<Run> {
    await this.runtime.until(() => this.runsOf(key)[count - 1]?.status === 'running');
    return this.#nth(key, count);
  }

  /** Resolves with the `count`-th run of an agent once it has ended. */
  async ended(key: string, count = 1): Promise<Run> {
    await this.runtime.until(() => (this.runsOf(key)[count - 1]?.finishedAt ?? null) !== null);
    return this.#nth(key, count);
  }

  /** Resolves with the `count`-th run of an agent once it waits for this. */
  async held(key: string, reason: Run['heldFor'], count = 1): Promise<Run> {
    await this.runtime.until(() => this.runsOf(key)[count - 1]?.heldFor === reason);
    return this.#nth(key, count);
  }

  /** A client that asks from within a run. */
  as(run: Run): RuntimeFolderConnection {
    const actor = this.runtime.connect({ kind: 'cli', isTrusted: true, runId: run.id });
    this.#actors.push(actor);
    return actor;
  }

  /** Reasons of the wakes of an agent that were not refused, oldest first. */
  async wakesOf(key: string): Promise<string[]> {
    const { entries } = await this.connection.request('agent.explain', { agent: key, limit: 200 });
    return entries
      .flatMap((entry) => (entry.kind === 'wakeup' && entry.status !== 'refused' ? [entry.reason] : []))
      .reverse();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const actor of this.#actors) actor.dispose();
    await this.runtime[Symbol.asyncDispose]();
  }

  #nth(key: string, count: number): Run {
    const run = this.runsOf(key)[count - 1];
    if (!run) throw new Error('The run has gone.');
    return run;
  }
}
