import assert from 'node:assert/strict';
import type { SessionLimits } from '../../../src/runtime/definition.ts';
import { decideSession } from '../../../src/runtime/runs/sessions.ts';
import { takeSession, type SavedSession } from '../../../src/runtime/store/sessionTable.ts';
import { makeDefinition } from '../../support/policies.ts';
import { SessionScene } from '../../support/sessionScene.ts';

const hourMs = 3_600_000;
const unlimited: SessionLimits = { maxRuns: 0, maxAgeHours: 0, maxContextTokens: 0 };

const base: SavedSession = {
  ...{ agent: 'a', taskKey: 'T', adapter: 'claude_local', runs: 3, createdAt: 0, updatedAt: 0 },
  ...{
    sessionId: 'S',
    cwd: '/w',
    contextTokens: 900,
    params: { id: 'S' },
    totals: null,
    lastRunId: 'r',
    handover: null,
  },
};

interface Row {
  readonly name: string;
  readonly saved?: Partial<SavedSession> | null;
  readonly other?: boolean;
  readonly limits?: Partial<SessionLimits>;
  readonly now?: number;
  readonly canResume?: boolean;
  /** The conversation that it goes on with, which run of the session it is, whether it is told everything, and why. */
  readonly expected: readonly [resumed: string | null, sessionRun: number, isFresh: boolean, note: RegExp | null];
}

const table: readonly Row[] = [
  { name: 'nothing saved', saved: null, expected: [null, 1, true, null] },
  { name: 'a conversation', expected: ['S', 4, false, null] },
  { name: 'another directory', saved: { cwd: '/other' }, expected: [null, 1, true, /belongs to \/other/] },
  { name: 'a directory nobody noted', saved: { cwd: null }, expected: ['S', 4, false, null] },
  { name: 'runs below the limit', limits: { maxRuns: 4 }, expected: ['S', 4, false, null] },
  { name: 'runs at the limit', limits: { maxRuns: 3 }, expected: [null, 1, true, /limit of 3 runs/] },
  { name: 'age below', limits: { maxAgeHours: 2 }, now: 2 * hourMs - 1, expected: ['S', 4, false, null] },
  { name: 'age at', limits: { maxAgeHours: 2 }, now: 2 * hourMs, expected: [null, 1, true, /limit of 2 hours/] },
  { name: 'a clock set back', limits: { maxAgeHours: 2 }, now: -9 * hourMs, expected: ['S', 4, false, null] },
  { name: 'tokens at', limits: { maxContextTokens: 900 }, expected: [null, 1, true, /limit of 900 tokens/] },
  {
    name: 'tokens unknown',
    saved: { contextTokens: null },
    limits: { maxContextTokens: 1 },
    expected: ['S', 4, false, null],
  },
  { name: 'what no codec reads', saved: { params: undefined }, expected: [null, 1, true, /cannot be read/] },
  { name: 'another adapter had it', saved: null, other: true, expected: [null, 1, true, /led by codex_local/] },
  {
    name: 'a program without conversations',
    saved: { sessionId: null, params: null },
    canResume: false,
    expected: [null, 4, false, null],
  },
  {
    name: 'a count at its limit',
    saved: { sessionId: null, params: null },
    canResume: false,
    limits: { maxRuns: 3 },
    expected: [null, 1, true, /from 1 again/],
  },
];

describe('How a run begins in its session', () => {
  for (const { name, saved = {}, other = false, limits = {}, now = hourMs, canResume = true, expected } of table) {
    it(`with ${name}`, () => {
      const [resumed, sessionRun, isFresh, note] = expected;
      const start = decideSession({
        taken: {
          saved: saved === null ? null : { ...base, ...saved },
          other: other ? { ...base, adapter: 'codex_local' } : null,
          lastWords: ['x'.repeat(1000), 'y'.repeat(1000)],
        },
        definition: makeDefinition('/w', { adapter: 'claude_local', cwd: '/w', session: { ...unlimited, ...limits } }),
        adapter: {
          capabilities: () => ({
            resume: canResume,
            usage: 'none',
            permissions: 'none',
            stop: 'signal',
            success: 'exit',
          }),
          codec: { parse: (stored) => (stored === undefined ? null : { id: 'S' }), displayId: ({ id = '' }) => id },
        },
        now,
      });

      assert.deepEqual(
        [start.resumed?.sessionId ?? null, start.sessionRun, start.isFresh],
        [resumed, sessionRun, isFresh],
      );
      if (note === null) assert.equal(start.note, null);
      else assert.match(start.note ?? '', note);
      const words = /> (x+)\n\n> (y+)…$/.exec(start.handover ?? '');
      const isHandedOver = note !== null && saved?.sessionId !== null;
      assert.deepEqual(words?.slice(1).map(({ length }) => length) ?? null, isHandedOver ? [1000, 500] : null);
    });
  }

  it('of which another run has taken the place meanwhile: that one is left alone', async () => {
    await using scene = await SessionScene.open('echo "session mine"; echo "result done"');
    const { ended, runId } = scene.begin();
    scene.fixture.state.commit((transaction) => {
      const key = { agent: 'a', taskKey: 'T', adapter: 'claude_local' };
      takeSession(transaction, key, { runId: 'another', at: 0, isFresh: false });
    });

    assert.equal((await ended).id, runId);
    assert.deepEqual([scene.session()?.sessionId, scene.session()?.lastRunId], [null, 'another']);
  });
});
