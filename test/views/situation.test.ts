import assert from 'node:assert/strict';
import { untranslated } from '../../src/format.ts';
import type { ViewedFolder } from '../../src/views/folderLevel.ts';
import { situationOf, statusItem } from '../../src/views/situation.ts';
import { sampleAgent, sampleRun } from '../support/sampleState.ts';
import { viewedFolder } from './viewedFolder.ts';

const unconnected = (status: ViewedFolder['status']): ViewedFolder => ({ name: 'a', path: '/a', status, state: null });
const unused = unconnected({ kind: 'unused' });
const connecting = unconnected({ kind: 'connecting', isReconnect: false });
const failed = unconnected({ kind: 'failed', message: 'gone', action: 'retry' });
const running = sampleRun(1, { status: 'running', startedAt: 1 });
const pending = { agent: 'a', hash: 'h', before: null, after: 'x', summary: 's' };

describe('the situation of a window', () => {
  for (const [expected, folders] of [
    ['noFolder', []],
    ['unused', [unused]],
    ['connecting', [connecting]],
    ['failed', [failed]],
    ['missing', [viewedFolder({ configuration: { status: 'missing' } })]],
    ['invalid', [viewedFolder({ configuration: { status: 'invalid' } })]],
    ['ready', [viewedFolder({ configuration: { status: 'invalid' }, agents: [sampleAgent('a')] })]],
    ['ready', [unused, failed, viewedFolder()]],
    ['failed', [unused, failed]],
  ] as const) {
    it(`is ${expected} for ${folders.map(({ status }) => status.kind).join(' and ') || 'no folder'}`, () => {
      assert.equal(situationOf(folders), expected);
    });
  }
});

describe('the status bar item', () => {
  for (const [expected, folders] of [
    ['$(pulse) Reveille', [viewedFolder()]],
    ['$(pulse) Reveille: connecting…', [connecting]],
    ['$(sync~spin) 2 running', [viewedFolder({ runs: [running, sampleRun(2, { status: 'running' }), sampleRun(3)] })]],
    ['$(shield) Reveille: 1 to review', [viewedFolder({ pending: [pending] })]],
    ['$(sync~spin) 1 running', [viewedFolder({ pending: [pending], runs: [running] })]],
    ['$(debug-stop) Reveille: stopped', [viewedFolder({ runtime: { isStopped: true } })]],
    ['$(debug-disconnect) Reveille: not connected', [failed]],
  ] as const) {
    it(`says "${expected}"`, () => {
      assert.equal(statusItem(folders, untranslated)?.text, expected);
    });
  }

  it('stays away from folders that do not use Reveille', () => {
    assert.equal(statusItem([unused], untranslated), null);
    assert.equal(statusItem([], untranslated), null);
  });
});
