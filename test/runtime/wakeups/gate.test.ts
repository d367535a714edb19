import assert from 'node:assert/strict';
import {
  holdReasons,
  issueStatuses,
  refusalReasons,
  wakeSources,
  type HeartbeatPolicy,
} from '../../../src/runtime/model.ts';
import {
  agentObstacles,
  allows,
  explainHold,
  explainRefusal,
  judge,
  type AgentObstacle,
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

/** Every set of obstacles that agents can have. */
const obstacleSets = agentObstacles.reduce<ReadonlySet<AgentObstacle>[]>(
  (sets, obstacle) => sets.flatMap((set) => [set, new Set([...set, obstacle])]),
  [new Set()],
);

/** What each input can be. */
const domains = {
  source: wakeSources,
  isStopped: booleans,
  isDraining: booleans,
  isTrusted: booleans,
  isConsented: booleans,
  isForced: booleans,
  agentState: ['active', 'paused', 'tripped', 'terminated'],
  isAbsent: booleans,
  heartbeat: [open, closed],
  isQuiet: booleans,
  isIdle: booleans,
  issueStatus: [null, ...issueStatuses],
  isBlocked: booleans,
  obstacles: obstacleSets,
} satisfies { [K in keyof GateFacts]: readonly GateFacts[K][] };

/** Calls back with every combination of what the gate looks at; the facts are only valid during the call. */
function forAllFacts(visit: (facts: GateFacts) => void): void {
  const names = Object.keys(domains) as (keyof GateFacts)[];
  const facts: Record<string, unknown> = {};
  const fill = (index: number): void => {
    const name = names[index];
    if (name === undefined) {
      visit(facts as unknown as GateFacts);
      return;
    }
    for (const value of domains[name]) {
      facts[name] = value;
      fill(index + 1);
    }
  };
  fill(0);
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
    [facts.source === 'timer' && facts.isQuiet && !facts.isForced, 'refuse quiet_hours'],
    [facts.source === 'timer' && facts.isIdle && !facts.isForced, 'refuse nothing_to_do'],
    [facts.agentState === 'paused', 'hold paused'],
    [facts.isAbsent, 'hold absent'],
    [facts.agentState === 'tripped' && !facts.isForced, 'hold loop_breaker'],
    [facts.issueStatus === 'done' || facts.issueStatus === 'cancelled', 'refuse issue_closed'],
    [facts.isBlocked, 'hold blocked'],
    [facts.obstacles.has('secrets'), 'hold secrets'],
    [facts.obstacles.has('locked'), 'hold locked'],
    [facts.obstacles.has('rate_limit') && !facts.isForced, 'hold rate_limit'],
    [facts.obstacles.has('budget'), 'hold budget'],
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
  it('agrees with a naive list of obstacles over the whole product of its inputs', function () {
    this.timeout(60_000);
    let count = 0;
    forAllFacts((facts) => {
      count += 1;
      if (toText(judge(facts)) !== naive(facts)) {
        assert.equal(toText(judge(facts)), naive(facts), JSON.stringify(facts));
      }
    });
    assert.equal(count, 4 * 16 * 2 * 4 * 2 * 2 * 4 * 7 * 2 * 16);
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
    for (const reason of holdReasons) assert.match(explainHold(reason), /^[a-z].*[a-z]$/);
    for (const reason of refusalReasons) assert.match(explainRefusal(reason), /^[a-z].*[a-z]$/);
  });
});
