import assert from 'node:assert/strict';
import { issueStatuses, wakeSources, type HeartbeatPolicy } from '../../../src/runtime/model.ts';
import {
  allows,
  explainHold,
  explainRefusal,
  judge,
  type GateFacts,
  type Verdict,
} from '../../../src/runtime/wakeups/gate.ts';

const open: HeartbeatPolicy = {
  enabled: true,
  intervalSec: 0,
  cron: null,
  timezone: null,
  catchUp: 'skip',
  quietHours: null,
  skipWhenIdle: false,
  onlyIf: [],
  wakeOnAssignment: true,
  wakeOnOnDemand: true,
  wakeOnAutomation: true,
  maxConcurrentRuns: 1,
};
const closed: HeartbeatPolicy = {
  ...open,
  enabled: false,
  wakeOnAssignment: false,
  wakeOnOnDemand: false,
  wakeOnAutomation: false,
};

const booleans = [true, false];

/** What each input can be. */
const domains = {
  source: wakeSources,
  isStopped: booleans,
  isDraining: booleans,
  isTrusted: booleans,
  isConsented: booleans,
  agentState: ['active', 'paused', 'terminated'],
  isAbsent: booleans,
  heartbeat: [open, closed],
  isQuiet: booleans,
  isIdle: booleans,
  issueStatus: [null, ...issueStatuses],
} satisfies { [K in keyof GateFacts]: readonly GateFacts[K][] };

/** Every combination of what the gate looks at. */
function allFacts(): GateFacts[] {
  const names = Object.keys(domains) as (keyof GateFacts)[];
  return names.reduce<object[]>(
    (facts, name) => facts.flatMap((fact) => domains[name].map((value) => ({ ...fact, [name]: value }))),
    [{}],
  ) as GateFacts[];
}

/** The same decision, written as a list of obstacles of which the first counts. */
function naive(facts: GateFacts): string {
  const obstacles = [
    [facts.isStopped, 'hold stopped'],
    [facts.isDraining, 'hold draining'],
    [!facts.isTrusted, 'hold trust'],
    [!facts.isConsented, 'hold consent'],
    [facts.agentState === 'terminated', 'refuse terminated'],
    [facts.heartbeat === closed, 'refuse source_disabled'],
    [facts.source === 'timer' && facts.isQuiet, 'refuse quiet_hours'],
    [facts.source === 'timer' && facts.isIdle, 'refuse nothing_to_do'],
    [facts.agentState === 'paused', 'hold paused'],
    [facts.isAbsent, 'hold absent'],
    [facts.issueStatus === 'done' || facts.issueStatus === 'cancelled', 'refuse issue_closed'],
  ] as const;
  const first = obstacles.find(([stands]) => stands)?.[1] ?? 'admit';
  return facts.source === 'timer' && first.startsWith('hold') ? `refuse timer_while_held, ${first}` : first;
}

function toText(verdict: Verdict): string {
  if (verdict.kind === 'admit') return 'admit';
  const heldFor = 'heldFor' in verdict ? `, hold ${verdict.heldFor}` : '';
  return `${verdict.kind} ${verdict.reason}${heldFor}`;
}

describe('gate', () => {
  it('agrees with a naive list of obstacles over the whole product of its inputs', () => {
    let count = 0;
    for (const facts of allFacts()) {
      assert.equal(toText(judge(facts)), naive(facts), JSON.stringify(facts));
      count += 1;
    }
    assert.equal(count, 4 * 16 * 3 * 2 * 2 * 4 * 7);
  });

  it('has four switches, each of which stops its own source only', () => {
    const switches = {
      timer: { ...open, enabled: false },
      assignment: { ...open, wakeOnAssignment: false },
      on_demand: { ...open, wakeOnOnDemand: false },
      automation: { ...open, wakeOnAutomation: false },
    };
    for (const [off, heartbeat] of Object.entries(switches)) {
      for (const source of wakeSources) assert.equal(allows(heartbeat, source), source !== off);
    }
  });

  it('explains every hold and refusal that it can answer', () => {
    for (const facts of allFacts()) {
      const verdict = judge(facts);
      if (verdict.kind === 'hold') assert.match(explainHold(verdict.reason), /^[a-z].*[a-z]$/);
      if (verdict.kind === 'refuse') assert.match(explainRefusal(verdict.reason), /^[a-z].*[a-z]$/);
    }
  });
});
