import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, describe, it } from 'mocha';
import * as vscode from 'vscode';
import { RuntimeFolderConnection } from '../../src/connection/folderConnection.ts';
import type { FolderState } from '../../src/connection/folderState.ts';
import { openUserRegistry } from '../../src/connection/userRegistry.ts';
import { systemClock } from '../../src/runtime/clock.ts';
import type { Issue, Run } from '../../src/runtime/model.ts';
import { bringConfiguration } from './laterConfiguration.ts';

const [workspaceFolder] = vscode.workspace.workspaceFolders ?? [];
assert.ok(workspaceFolder);
const folder = workspaceFolder.uri.fsPath;

/** Another client of the runtime that the window under test started: it sees what the commands do. */
function openWitness(): RuntimeFolderConnection {
  const quiet = (): void => undefined;
  const witness = new RuntimeFolderConnection(
    { name: 'workshop', path: folder },
    { kind: 'cli', isTrusted: true },
    {
      registry: openUserRegistry,
      storagePath: path.join(folder, 'never-used'),
      runtimeEntry: path.join(folder, 'never-used', 'runtime.js'),
      execPath: process.execPath,
      env: process.env,
      build: { version: '0.0.0', stamp: 0 },
      clock: systemClock,
      logger: { trace: quiet, debug: quiet, info: quiet, warn: quiet, error: console.error },
    },
  );
  witness.start();
  return witness;
}

describe('the commands, on a real runtime', function () {
  this.timeout(60_000);
  let witness: RuntimeFolderConnection;

  /** Resolves with what `find` answers, once it answers something. */
  async function until<T>(find: (state: FolderState) => T | undefined): Promise<T> {
    for (;;) {
      const found = witness.state === null ? undefined : find(witness.state);
      if (found !== undefined) return found;
      await new Promise<void>((resolve) => {
        const subscription = witness.onDidChange(() => {
          subscription.dispose();
          resolve();
        });
      });
    }
  }

  const runs = (state: FolderState): Run[] => [...state.runs.values()].sort((a, b) => b.number - a.number);

  /** Wakes an agent by its command; answers its run once that is in the wanted state. */
  async function wake(agent: string, isWanted: (run: Run) => boolean): Promise<Run> {
    const known = new Set(witness.state?.runs.keys());
    await vscode.commands.executeCommand('reveille.agent.wake', { kind: 'agent', folder, agent });
    return until((state) => runs(state).find((run) => run.agent === agent && !known.has(run.id) && isWanted(run)));
  }

  const isSettled = (run: Run): boolean => run.finishedAt !== null;

  before(async () => {
    bringConfiguration();
    await vscode.extensions.getExtension('reveille.reveille')?.activate();
    witness = openWitness();
    const { pending } = await witness.request('configuration.reload', {});
    if (pending.length === 0) return;
    await witness.request('configuration.accept', { hashes: pending.map(({ hash }) => hash) });
  });

  after(() => {
    witness.dispose();
  });

  it('wake an agent, which does its work', async () => {
    const run = await wake('surveyor', isSettled);

    assert.equal(run.status, 'succeeded');
    assert.match(readFileSync(path.join(folder, 'reports', 'todos.md'), 'utf8'), /`src\/money\.js:20`/);
  });

  it('show the log of a run as a document that nobody can edit', async () => {
    const run = await wake('surveyor', isSettled);

    await vscode.commands.executeCommand('reveille.run.openLog', { kind: 'run', folder, runId: run.id });

    const document = vscode.window.activeTextEditor?.document;
    assert.notEqual(document?.uri.scheme, 'file');
    assert.match(document?.getText() ?? '', /reports\/todos\.md/);
    await vscode.commands.executeCommand('workbench.action.closeAllEditors');
  });

  it('cancel a run that works', async () => {
    const run = await wake('checker', ({ status }) => status === 'running');

    await vscode.commands.executeCommand('reveille.run.cancel', { kind: 'run', folder, runId: run.id });

    const ended = await until((state) => [state.runs.get(run.id)].find((one) => one !== undefined && isSettled(one)));
    assert.deepEqual([ended.status, ended.errorCode], ['cancelled', 'cancelled_by_user']);
  });

  it('pause an agent and let it go on', async () => {
    const subject = { kind: 'agent', folder, agent: 'historian' };
    const statusIs = (status: string) => (state: FolderState) =>
      [state.agents.get('historian')].find((agent) => agent?.status === status);
    await vscode.commands.executeCommand('reveille.agent.pause', subject);
    await until(statusIs('paused'));

    await vscode.commands.executeCommand('reveille.agent.resume', subject);

    await until(statusIs('idle'));
  });

  it('make an issue of the selection, with its place and text, and wake the agent that gets it', async () => {
    const uri = await findTodo();
    const document = await vscode.workspace.openTextDocument(uri);
    const editor = await vscode.window.showTextDocument(document);
    const line = document
      .getText()
      .split('\n')
      .findIndex((text) => text.includes('TODO'));
    const range = document.lineAt(line).range;
    editor.selection = new vscode.Selection(range.start, range.end);

    const done = vscode.commands.executeCommand('reveille.issue.assignSelection');
    const issue = await answerPickers((state) => [...state.issues.values()].at(0));
    await done;

    assert.ok(issue.assignee !== null);
    assert.deepEqual(issue.location, {
      path: vscode.workspace.asRelativePath(uri, false),
      startLine: line,
      startCharacter: range.start.character,
      endLine: line,
      endCharacter: range.end.character,
      text: document.getText(range),
    });
    const run = await until((state) => runs(state).find((one) => one.issueId === issue.id && isSettled(one)));
    assert.equal(run.source, 'assignment');
    await vscode.commands.executeCommand('workbench.action.closeAllEditors');
  });

  it('stop everything and release it', async () => {
    const run = await wake('checker', ({ status }) => status === 'running');

    // It goes on until its message, which offers the release, was answered.
    void vscode.commands.executeCommand('reveille.everything.stop');
    await until((state) => (state.runtime.isStopped ? true : undefined));
    const ended = await until((state) => [state.runs.get(run.id)].find((one) => one !== undefined && isSettled(one)));
    await vscode.commands.executeCommand('reveille.everything.release');

    assert.equal(ended.errorCode, 'cancelled_by_stop');
    await until((state) => (state.runtime.isStopped ? undefined : true));
  });

  it('open the dashboard once, however often it is asked for', async () => {
    await vscode.commands.executeCommand('reveille.dashboard.open');
    await vscode.commands.executeCommand('reveille.dashboard.open');

    const dashboards = (): number =>
      vscode.window.tabGroups.all
        .flatMap((group) => group.tabs)
        .filter((tab) => tab.input instanceof vscode.TabInputWebview).length;
    while (dashboards() === 0) {
      await new Promise<void>((resolve) => {
        const subscription = vscode.window.tabGroups.onDidChangeTabs(() => {
          subscription.dispose();
          resolve();
        });
      });
    }
    assert.equal(dashboards(), 1);
    await vscode.commands.executeCommand('workbench.action.closeAllEditors');
  });

  it('left no store in the place that the witness proposed', () => {
    assert.equal(existsSync(path.join(folder, 'never-used')), false);
  });

  async function findTodo(): Promise<vscode.Uri> {
    for (const uri of await vscode.workspace.findFiles('src/**/*.js')) {
      if (readFileSync(uri.fsPath, 'utf8').includes('TODO')) return uri;
    }
    throw new Error('The example has no TODO.');
  }

  /** Accepts what quick inputs propose until the state has the issue. */
  async function answerPickers(find: (state: FolderState) => Issue | undefined): Promise<Issue> {
    for (;;) {
      const found = witness.state === null ? undefined : find(witness.state);
      if (found !== undefined) return found;
      await new Promise((resolve) => setTimeout(resolve, 300));
      await vscode.commands.executeCommand('workbench.action.quickOpenSelectNext');
      await vscode.commands.executeCommand('workbench.action.acceptSelectedQuickOpenItem');
    }
  }
});
