import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import type { FolderState } from '../../src/connection/folderState.ts';
import { untranslated } from '../../src/format.ts';
import { Emitter } from '../../src/runtime/events.ts';
import type { HeartbeatRun, NamedHeartbeat } from '../../src/runtime/model.ts';
import { AskedPages } from '../../src/views/askedPages.ts';
import { newestHeartbeats } from '../../src/views/heartbeatPages.ts';
import { runRows } from '../../src/views/runsModel.ts';
import type { TreeNode } from '../../src/views/treeNode.ts';
import { poll } from '../support/poll.ts';
import { sampleAgent, sampleHeartbeat, sampleRun } from '../support/sampleState.ts';
import { viewedFolder } from './viewedFolder.ts';

const view = { now: 1_000_000, t: untranslated };
const daily: NamedHeartbeat = { name: 'daily', cron: '0 9 * * *', timezone: null, catchUp: 'once', goal: 'Tidy' };

function rowsOf(part: Parameters<typeof viewedFolder>[0], heartbeats: readonly HeartbeatRun[]): TreeNode[] {
  const folder = viewedFolder(part);
  return runRows([folder], new Map(), view, new Map([[folder.path, heartbeats]]));
}

describe('named heartbeats in the Runs view', () => {
  const agents = [sampleAgent('a', { namedHeartbeats: [daily] }), sampleAgent('b')];
  const run = sampleRun(7, { id: 'R7', status: 'succeeded', finishedAt: 9 });
  const parts = [
    { agent: 'a', runId: 'R7', outcome: 'succeeded' },
    { agent: 'b', runId: null, outcome: 'quiet_hours' },
    { agent: 'c', runId: null, outcome: null },
  ];

  it('stand in a section before what has started, each with its agents and their runs', () => {
    const [section, ...others] = rowsOf({ agents, runs: [run] }, [sampleHeartbeat(3, { parts })]);
    assert.deepEqual(
      [section?.label, section?.description, section?.flags],
      ['Heartbeats', '1 under way', 'heartbeats'],
    );
    assert.deepEqual(
      others.map(({ id }) => id),
      ['runs-run:/srv/workshop:R7'],
    );
    const [heartbeat] = section?.children ?? [];
    assert.equal(heartbeat?.label, 'daily');
    assert.equal(heartbeat.command, 'reveille.heartbeat.open');
    assert.deepEqual(heartbeat.subject, { kind: 'heartbeat', folder: '/srv/workshop', heartbeatId: 'heartbeat-3' });
    assert.deepEqual(
      heartbeat.children.map(({ label, description, command, subject }) => [
        label,
        description,
        command,
        subject?.kind,
      ]),
      [
        ['a', 'succeeded · run 7', 'reveille.run.openLog', 'run'],
        ['b', 'quiet hours', 'reveille.heartbeat.open', 'heartbeat'],
        ['c', 'waits', 'reveille.heartbeat.open', 'heartbeat'],
      ],
    );
  });

  it('show by their icon what came of them', () => {
    const iconOf = (part: Partial<HeartbeatRun>): unknown =>
      rowsOf({ agents }, [sampleHeartbeat(1, part)])[0]?.children[0]?.icon.id;
    const [worked, skipped] = parts.map((part) => [part]);
    assert.equal(iconOf({ parts }), 'sync~spin');
    assert.equal(iconOf({ completedAt: 2, parts: worked ?? [] }), 'pass');
    assert.equal(iconOf({ completedAt: 2, parts: skipped ?? [] }), 'circle-slash');
    assert.equal(iconOf({ completedAt: 2, parts: [{ agent: 'a', runId: 'R', outcome: 'cancelled' }] }), 'error');
  });

  it('say so while none has fallen due, and are not there where nobody has any, nor before the first run', () => {
    const [section] = rowsOf({ agents, runs: [run] }, []);
    assert.deepEqual(
      section?.children.map(({ label }) => label),
      ['None has fallen due yet'],
    );
    const unused = rowsOf({ agents: [sampleAgent('b')], runs: [run] }, []);
    assert.deepEqual(
      unused.map(({ id }) => id),
      ['runs-run:/srv/workshop:R7'],
    );
    assert.deepEqual(rowsOf({ agents }, []), []);
  });
});

/** A connected folder whose heartbeats can be changed, and which counts how often it is asked. */
class Folder {
  readonly name = 'workshop';
  readonly path = '/srv/workshop';
  readonly status = { kind: 'connected' } as const;
  readonly emitter = new Emitter<void>((error) => {
    throw error;
  });
  state: FolderState | null = null;
  heartbeats: readonly HeartbeatRun[] = [];
  asked = 0;
  isReachable = true;

  show(part: Parameters<typeof viewedFolder>[0]): void {
    const former = this.state;
    const { state } = viewedFolder(part);
    this.state = state && former ? { ...state, runtime: former.runtime, configuration: former.configuration } : state;
    this.emitter.fire();
  }

  request = (): Promise<never> => {
    this.asked += 1;
    if (!this.isReachable) return Promise.reject(new Error('not there'));
    return Promise.resolve({ heartbeats: this.heartbeats, hasMore: false } as never);
  };
}

describe('HeartbeatPages', () => {
  const named = sampleAgent('a', { namedHeartbeats: [daily] });
  const other = sampleAgent('b');

  it('asks again when an agent that takes part has changed, and at no other change', async () => {
    const folder = new Folder();
    const errors: unknown[] = [];
    const connections = { folders: [folder], onDidChange: folder.emitter.event };
    const pages = new AskedPages(connections, newestHeartbeats, (error) => errors.push(error));
    let changes = 0;
    const subscription = pages.onDidChange(() => (changes += 1));
    folder.show({ agents: [named, other] });
    await poll(() => changes === 1, 'it has asked');
    folder.heartbeats = [sampleHeartbeat(1)];
    folder.show({ agents: [named, { ...other }], runs: [sampleRun(1)] });
    // Longer than changes are waited for to be asked about together.
    await delay(400);
    assert.equal(folder.asked, 1, 'another agent');
    folder.show({ agents: [{ ...named }, other] });
    await poll(() => changes === 2, 'it has asked again');
    assert.deepEqual(pages.pages.get(folder.path), folder.heartbeats);
    assert.deepEqual([folder.asked, errors.length], [2, 0]);
    subscription.dispose();
    pages.dispose();
  });

  it('asks once more for what changed while it was asking', async () => {
    const folder = new Folder();
    const pages = new AskedPages(
      { folders: [folder], onDidChange: folder.emitter.event },
      newestHeartbeats,
      (error) => {
        throw error;
      },
    );
    folder.show({ agents: [named] });
    folder.show({ agents: [{ ...named }] });
    await poll(() => folder.asked === 2, 'it has asked twice');
    pages.dispose();
  });

  it('asks again after a failure, and forgets a folder that was closed', async () => {
    const folder = new Folder();
    const folders = [folder];
    const errors: unknown[] = [];
    const pages = new AskedPages({ folders, onDidChange: folder.emitter.event }, newestHeartbeats, (error) =>
      errors.push(error),
    );
    folder.isReachable = false;
    folder.show({ agents: [named] });
    await poll(() => errors.length === 1, 'it has failed');
    folder.isReachable = true;
    folder.show({ agents: [named] });
    await poll(() => pages.pages.size === 1, 'it has asked again');
    folders.pop();
    folder.emitter.fire();
    assert.equal(pages.pages.size, 0);
    pages.dispose();
  });
});
