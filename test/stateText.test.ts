import assert from 'node:assert/strict';
import type { Orphan } from '../src/connection/orphans.ts';
import { untranslated as t } from '../src/format.ts';
import type { BackupSummary, DeletionPreview } from '../src/protocol.ts';
import {
  adoptConfirmation,
  deleteAgentConfirmation,
  deleteIssueConfirmation,
  deleteRunConfirmation,
  deleteStateConfirmation,
  orphanText,
  proposedFileName,
  restoreConfirmation,
} from '../src/stateText.ts';

const now = Date.UTC(2026, 10, 21, 12);
const hourMs = 3_600_000;

const nothing: DeletionPreview = {
  runs: 0,
  queued: 0,
  running: 0,
  wakeups: 0,
  sessions: 0,
  issues: 0,
  agents: 0,
  logBytes: 0,
  isConfigured: false,
};

const backup: BackupSummary = {
  path: '/home/ada/b.sqlite',
  bytes: 4096,
  schema: 3,
  agents: 2,
  issues: 3,
  runs: 40,
  folder: '/srv/shop',
  newestAt: now - 5 * hourMs,
  digest: 'd',
};

const orphan: Orphan = {
  id: 'a'.repeat(32),
  path: '/old/shop',
  store: '/stores/1',
  lastUsedAt: now - hourMs,
  lastWrittenAt: now - 2 * hourMs,
  bytes: 34_000_000,
  isLive: false,
};

describe('What is asked before state is changed', () => {
  it('proposes a file name that every system takes', () => {
    const day = new Date(2026, 10, 21);
    assert.equal(proposedFileName('shop', 'sqlite', day), 'shop-reveille-2026-11-21.sqlite');
    assert.equal(proposedFileName('../a:b?/café', 'json', day), 'a-b-café-reveille-2026-11-21.json');
    assert.equal(proposedFileName('…', 'json', day), 'folder-reveille-2026-11-21.json');
  });

  it('says of a backup how old it is, what it holds, and what is lost and cancelled', () => {
    const folder = { name: 'shop', path: '/srv/shop', running: 2 };
    const { question, detail } = restoreConfirmation(folder, backup, { now, t });
    assert.match(question, /state of "shop"/);
    assert.match(detail, /agents: 2, issues: 3, runs: 40\. Its newest entry is of .*\(5 h ago\)/);
    assert.match(detail, /2 runs are cancelled\./);
    assert.match(detail, /kept in a file/);
    assert.doesNotMatch(detail, /another folder/);
  });

  it('says so when a backup is of another folder, or empty', () => {
    const folder = { name: 'shop', path: '/srv/shop', running: 0 };
    const other = restoreConfirmation(folder, { ...backup, folder: '/srv/other' }, { now, t }).detail;
    const empty = restoreConfirmation(folder, { ...backup, newestAt: null }, { now, t }).detail;
    assert.match(other, /made of another folder: \/srv\/other\./);
    assert.doesNotMatch(other, /cancelled\.$/m);
    assert.match(empty, /It holds an empty state\./);
  });

  it('says what becomes of the present history when another state is adopted', () => {
    const folder = { name: 'shop', running: 1, isEmpty: false };
    assert.match(adoptConfirmation(folder, orphan, t).detail, /kept and can be adopted again[\s\S]*1 run is cancelled/);
    assert.match(adoptConfirmation({ ...folder, isEmpty: true }, orphan, t).detail, /no history of its own yet/);
    assert.equal(orphanText(orphan, now, t), 'last written 2 h ago · 34 MB');
    assert.match(orphanText({ ...orphan, isLive: true }, now, t), /still works with it/);
  });

  it('counts what goes with a run, an issue and an agent, and leaves out what there is not', () => {
    const run = deleteRunConfirmation({ number: 7, agent: 'a' }, { ...nothing, logBytes: 1200 }, t);
    assert.equal(run.question, 'Delete run 7 of a?');
    assert.match(run.detail, /its log \(1\.2 kB\)/);
    assert.doesNotMatch(deleteRunConfirmation({ number: 7, agent: 'a' }, nothing, t).detail, /its log/);
    const issue = { number: 3, title: 'Mend it' };
    assert.match(deleteIssueConfirmation(issue, { ...nothing, runs: 2 }, t).detail, /worked on it: 2\. They stay/);
    assert.doesNotMatch(deleteIssueConfirmation(issue, nothing, t).detail, /0/);
    const extent = { ...nothing, runs: 9, queued: 1, wakeups: 12, sessions: 2, issues: 4, logBytes: 5000 };
    const agent = deleteAgentConfirmation('a', extent, t).detail;
    assert.match(agent, /Runs: 9, with logs of 5\.0 kB\. Wakeups: 12\. Sessions: 2\./);
    assert.match(agent, /will not start: 1\.[\s\S]*become unassigned: 4\./);
  });

  it('warns more when the configuration still defines the agent', () => {
    const { question, detail } = deleteAgentConfirmation('a', { ...nothing, isConfigured: true }, t);
    assert.match(question, /still in the configuration/);
    assert.match(detail, /comes back at once without a history, and not paused/);
  });

  it('names the folder that goes and what is never touched when a whole state is deleted', () => {
    const extent = { ...nothing, agents: 2, issues: 3, runs: 40, running: 1, logBytes: 1_000_000 };
    const { detail } = deleteStateConfirmation({ name: 'shop', storePath: '/stores/1' }, extent, t);
    assert.match(detail, /agents: 2, issues: 3, runs: 40, with logs of 1\.0 MB/);
    assert.match(detail, /\/stores\/1/);
    assert.match(detail, /Files of the workspace are not touched/);
    assert.match(detail, /cannot be undone/);
  });
});
