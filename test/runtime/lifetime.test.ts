import assert from 'node:assert/strict';
import { decideLifetime, Lifetime, type Attendance, type LifetimeDecision } from '../../src/runtime/lifetime.ts';
import { ManualClock } from '../support/manualClock.ts';

const hour = 3_600_000;

describe('decideLifetime', () => {
  const left: Attendance = {
    clients: 0,
    activeRuns: 0,
    unattendedMs: 30_000,
    policy: { whenWindowsClose: 'finishRuns', maxUnattendedHours: 24 },
    lingerMs: 30_000,
  };
  const rows: [string, Partial<Attendance>, LifetimeDecision][] = [
    ['lives while a client is there', { clients: 1, unattendedMs: 0 }, 'live'],
    ['lingers for a reload', { unattendedMs: 29_999, activeRuns: 1 }, 'linger'],
    ['stops when nothing runs', {}, 'stop'],
    ['finishes what runs', { activeRuns: 1 }, 'finish'],
    [
      'cancels what runs if it should stop',
      { activeRuns: 1, policy: { ...left.policy, whenWindowsClose: 'stop' } },
      'stop',
    ],
    ['keeps running', { policy: { whenWindowsClose: 'keepRunning', maxUnattendedHours: 24 } }, 'live'],
    [
      'keeps running for so long only',
      { unattendedMs: 2 * hour, policy: { whenWindowsClose: 'keepRunning', maxUnattendedHours: 2 } },
      'stop',
    ],
    [
      'finishes what runs after that',
      { activeRuns: 1, unattendedMs: 2 * hour, policy: { whenWindowsClose: 'keepRunning', maxUnattendedHours: 2 } },
      'finish',
    ],
  ];
  for (const [name, part, expected] of rows) {
    it(name, () => {
      assert.equal(decideLifetime({ ...left, ...part }), expected);
    });
  }
});

describe('Lifetime', () => {
  function open(facts: { clients: number; activeRuns: number; hasGround?: boolean }) {
    const clock = new ManualClock();
    const decisions: LifetimeDecision[] = [];
    const lifetime = new Lifetime({
      clock,
      lingerMs: 30_000,
      clients: () => facts.clients,
      activeRuns: () => facts.activeRuns,
      hasGround: () => facts.hasGround ?? true,
      onDecision: (decision) => decisions.push(decision),
    });
    return { clock, decisions, lifetime };
  }

  it('stops 30 s after a start to which nobody came', () => {
    using stack = new DisposableStack();
    const { clock, decisions, lifetime } = open({ clients: 0, activeRuns: 0 });
    stack.defer(() => {
      lifetime.dispose();
    });

    clock.tick(29_999);
    assert.deepEqual(decisions, []);
    clock.tick(1);

    assert.deepEqual(decisions, ['stop']);
  });

  it('survives a reload, and counts the 30 s from the last leaving', () => {
    const facts = { clients: 1, activeRuns: 0 };
    const { clock, decisions, lifetime } = open(facts);
    lifetime.review();
    clock.tick(100_000);
    facts.clients = 0;
    lifetime.review();
    clock.tick(3_000);
    facts.clients = 1;
    lifetime.review();
    clock.tick(100_000);
    facts.clients = 0;
    lifetime.review();
    clock.tick(29_000);
    assert.equal(decisions.at(-1), 'linger');

    clock.tick(1_000);

    assert.equal(decisions.at(-1), 'stop');
    lifetime.dispose();
  });

  it('notices within a minute that its folder has gone, whoever is there', () => {
    const facts = { clients: 1, activeRuns: 1, hasGround: true };
    const { clock, decisions, lifetime } = open(facts);
    lifetime.review();
    facts.hasGround = false;

    clock.tick(60_000);

    assert.equal(decisions.at(-1), 'stop');
    lifetime.dispose();
  });
});
