import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { defaultLimits, maxLogBytes } from '../../../src/runtime/retention/limits.ts';
import { Retention } from '../../../src/runtime/retention/retention.ts';
import { LogFolder } from '../../../src/runtime/runs/logFolder.ts';
import { TestLogger } from '../../support/testLogger.ts';
import { WakeFixture } from '../../support/wakeFixture.ts';

const settings: Record<string, keyof typeof defaultLimits> = {
  'reveille.retention.runs.days': 'runDays',
  'reveille.retention.runs.count': 'runCount',
  'reveille.retention.logs.days': 'logDays',
  'reveille.retention.logs.megabytes': 'logMegabytes',
  'reveille.retention.logs.megabytesPerRun': 'logMegabytesPerRun',
  'reveille.retention.wakeups.days': 'wakeupDays',
  'reveille.retention.wakeups.count': 'wakeupCount',
  'reveille.retention.activity.days': 'activityDays',
  'reveille.retention.activity.count': 'activityCount',
};

describe('Retention', () => {
  let fixture: WakeFixture;
  beforeEach(async () => {
    fixture = await WakeFixture.open();
  });
  afterEach(() => fixture[Symbol.asyncDispose]());

  function open(): Retention {
    const { store, state, audit, clock } = fixture;
    return new Retention({ store, state, audit, clock, logger: new TestLogger(), logs: new LogFolder('/nowhere') });
  }

  it('starts with the defaults, takes what a trusted client gives, and has it again after a restart', () => {
    const retention = open();
    assert.deepEqual(retention.limits, defaultLimits);

    retention.follow({ isTrusted: true, retention: { runDays: 7, logMegabytesPerRun: 0 } });

    const expected = { ...defaultLimits, runDays: 7, logMegabytesPerRun: 0 };
    assert.deepEqual(retention.limits, expected);
    assert.deepEqual(open().limits, expected);
  });

  it('takes nothing from an untrusted client, nor from one without an opinion', () => {
    const retention = open();

    retention.follow({ isTrusted: false, retention: { runDays: 1 } });
    retention.follow({ isTrusted: true, retention: undefined });

    assert.deepEqual(retention.limits, defaultLimits);
  });

  it('writes nothing once it is stopped, when the store may be closed', async () => {
    const retention = open();
    await retention.stop();
    const { sequence } = fixture.store;

    retention.follow({ isTrusted: true, retention: { runDays: 7 } });

    assert.equal(fixture.store.sequence, sequence);
  });

  it('follows the last client, and writes only differences', () => {
    const retention = open();
    retention.follow({ isTrusted: true, retention: { runDays: 7 } });
    const { sequence } = fixture.store;

    retention.follow({ isTrusted: true, retention: { runDays: 7 } });
    assert.equal(fixture.store.sequence, sequence);
    retention.follow({ isTrusted: true, retention: { logDays: 3 } });

    assert.deepEqual(retention.limits, { ...defaultLimits, logDays: 3 });
  });

  it('takes 0 for a log without end, and else counts in MiB', () => {
    assert.equal(maxLogBytes({ ...defaultLimits, logMegabytesPerRun: 0 }), Number.MAX_SAFE_INTEGER);
    assert.equal(maxLogBytes(defaultLimits), 256 * 1024 * 1024);
  });

  it('has a setting for each limit, with the same default, that no workspace can change', () => {
    const manifest = JSON.parse(readFileSync(join(import.meta.dirname, '../../../package.json'), 'utf8')) as {
      contributes: { configuration: { properties: Record<string, Record<string, unknown>> } };
    };
    const declared = Object.entries(manifest.contributes.configuration.properties).filter(([name]) =>
      name.startsWith('reveille.retention.'),
    );

    assert.deepEqual(
      declared.map(([name, { default: value, scope, minimum }]) => [name, value, scope, minimum]),
      Object.entries(settings).map(([name, limit]) => [name, defaultLimits[limit], 'application', 0]),
    );
  });
});
