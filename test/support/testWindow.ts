import assert from 'node:assert/strict';
import type { RuntimeFolderConnection } from '../../src/connection/folderConnection.ts';
import type { FolderState } from '../../src/connection/folderState.ts';
import type { Run } from '../../src/runtime/model.ts';
import { poll } from './poll.ts';

/** One window on one folder. */
export class TestWindow {
  readonly connection: RuntimeFolderConnection;

  constructor(connection: RuntimeFolderConnection) {
    this.connection = connection;
  }

  get state(): FolderState {
    const { state } = this.connection;
    assert(state, 'The window has no state yet');
    return state;
  }

  /** The message of a failed connection. */
  get failure(): string {
    const { status } = this.connection;
    return status.kind === 'failed' ? status.message : `not failed but ${status.kind}`;
  }

  get pid(): number {
    return this.state.runtime.pid;
  }

  /** Closes the window; the runtime stays for a while. */
  close(): void {
    this.connection.dispose();
  }

  /** Resolves once the connection satisfies a condition. */
  until(condition: (connection: RuntimeFolderConnection) => boolean, limitMs = 15_000): Promise<void> {
    const { connection } = this;
    return new Promise((resolve, reject) => {
      const look = (): boolean => {
        if (!condition(connection)) return false;
        subscription.dispose();
        clearTimeout(timer);
        resolve();
        return true;
      };
      const timer = setTimeout(() => {
        subscription.dispose();
        const { status, state } = connection;
        const runs = [...(state?.runs.values() ?? [])].map((run) => `${run.number} ${run.status} ${run.heldFor ?? ''}`);
        reject(new Error(`It did not come to ${condition.toString()}: ${JSON.stringify({ status, runs }, null, 2)}`));
      }, limitMs);
      const subscription = connection.onDidChange(look);
      look();
    });
  }

  async untilConnected(limitMs?: number): Promise<void> {
    await this.until(({ status, state }) => status.kind === 'connected' && state !== null, limitMs);
  }

  /** Resolves once it is connected to another runtime than the one that was seen. */
  async untilReplaced(pid: number, limitMs?: number): Promise<void> {
    await this.until(({ status, state }) => status.kind === 'connected' && state?.runtime.pid !== pid, limitMs);
  }

  /** The actions in the audit log, the newest first. */
  async listActions(): Promise<string[]> {
    const { entries } = await this.connection.request('activity.list', { limit: 200 });
    return entries.map(({ action }) => action);
  }

  async untilFailed(limitMs?: number): Promise<void> {
    await this.until(({ status }) => status.kind === 'failed', limitMs);
  }

  /** Resolves once a run has one of these statuses. */
  async untilRun(runId: string, statuses: readonly Run['status'][], limitMs?: number): Promise<Run> {
    const isThere = (state: FolderState | null): boolean =>
      statuses.some((one) => state?.runs.get(runId)?.status === one);
    await this.until(({ state }) => isThere(state), limitMs);
    const run = this.state.runs.get(runId);
    assert(run);
    return run;
  }

  settled(runId: string, limitMs?: number): Promise<Run> {
    return this.untilRun(runId, ['succeeded', 'failed', 'timed_out', 'cancelled'], limitMs);
  }

  /** Accepts whatever waits for the user's word. */
  async acceptAll(): Promise<void> {
    const { pending } = await this.connection.request('configuration.reload', {});
    if (pending.length === 0) return;
    await this.connection.request('configuration.accept', { hashes: pending.map(({ hash }) => hash) });
  }

  /** Wakes an agent; answers the run that will deliver it. */
  async wake(agent: string, params: { text?: string; taskKey?: string } = {}): Promise<string> {
    const { runId, message } = await this.connection.request('agent.wake', { agent, ...params });
    assert(runId !== null, message);
    return runId;
  }

  /** Wakes a worker and waits until it works. */
  async startWorker(taskKey: string): Promise<string> {
    const runId = await this.wake('worker', { taskKey, text: `text of ${taskKey}` });
    await this.untilRun(runId, ['running']);
    await poll(async () => (await this.readLog(runId)).includes('line 1'), `run ${runId} works`);
    return runId;
  }

  async readLog(runId: string): Promise<string> {
    const { text } = await this.connection.request('log.read', { runId, offset: 0, maxBytes: 1_048_576 });
    return text;
  }
}
