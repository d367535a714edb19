import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { systemClock } from '../../../src/runtime/clock.ts';
import { identifyProcess } from '../../../src/runtime/processIdentity.ts';
import type { ProcessEntry } from '../../../src/runtime/runs/processEntry.ts';
import { areAllAbove, readNewestTable, type PidFacts } from '../../../src/runtime/runs/processTableNewest.ts';
import { ProcessTrees } from '../../../src/runtime/runs/processTree.ts';
import { TestLogger } from '../../support/testLogger.ts';

describe('the newest processes', () => {
  const facts: PidFacts = { lastPid: 5000, pidMax: 32_768, now: 100_000, processors: 2 };
  const rows: [string, [number, number][], Partial<PidFacts>, boolean][] = [
    ['one that has just started', [[4990, 99_995]], {}, true],
    ['the newest of all', [[5000, 100_000]], {}, true],
    [
      'two that have just started',
      [
        [4000, 99_990],
        [4990, 99_995],
      ],
      {},
      true,
    ],
    ['ids that began again at the top', [[32_760, 99_995]], {}, false],
    [
      'one before and one after they began again',
      [
        [32_760, 99_995],
        [310, 99_999],
      ],
      {},
      false,
    ],
    ['one old enough for a whole round', [[4990, 99_980]], {}, false],
    [
      'an old one beside a new one',
      [
        [4000, 90_000],
        [4990, 99_995],
      ],
      {},
      false,
    ],
    ['an older one where there are many ids', [[4990, 98_100]], { pidMax: 4_194_304 }, true],
    ['the same on a machine with many processors', [[4990, 98_100]], { pidMax: 4_194_304, processors: 64 }, false],
    ['a newest id that is not told', [[4990, 99_995]], { lastPid: Number.NaN }, false],
    ['a highest id that is not told', [[4990, 99_995]], { pidMax: Number.NaN }, false],
    ['so few ids that they are gone in no time', [[300, 100_000]], { pidMax: 301 }, false],
  ];
  for (const [name, roots, parts, expected] of rows) {
    it(`${name}: ${expected ? 'all that came later is above' : 'not to be told by ids'}`, () => {
      const given = roots.map(([pid, startOrder]) => ({ pid, startOrder }));
      assert.equal(areAllAbove(given, { ...facts, ...parts }), expected);
    });
  }

  if (process.platform === 'linux') {
    /** Null if the machine was so busy that the ids do not tell. */
    async function readFamily(): Promise<{ readonly found: readonly boolean[]; readonly old: unknown } | null> {
      const child = spawn('sh', ['-c', 'setsid sleep 600 & echo $!; wait'], { stdio: ['ignore', 'pipe', 'ignore'] });
      const root = { pid: child.pid ?? 0, startOrder: Number(identifyProcess(child.pid ?? 0)?.startTime) };
      const [chunk] = (await once(child.stdout, 'data')) as [Buffer];
      const grandchild = Number(chunk.toString());
      try {
        const table = readNewestTable([root]);
        if (table === null) return null;
        const pids = table.map(({ pid }) => pid);
        return {
          found: [root.pid, grandchild].map((pid) => pids.includes(pid)),
          old: readNewestTable([root, { pid: root.pid, startOrder: 1 }]),
        };
      } finally {
        process.kill(grandchild, 'SIGKILL');
        child.kill('SIGKILL');
        await once(child, 'close');
      }
    }

    it('are a child and what it started; beside an old process they cannot be told', async () => {
      let family = await readFamily();
      for (let round = 0; family === null && round < 20; round += 1) family = await readFamily();
      assert.deepEqual(family, { found: [true, true], old: null });
    });
  }

  it('answer all trees that end in one turn with one reading, and leave to a whole table what they cannot tell', async () => {
    const asked: number[][] = [];
    let wholes = 0;
    const platform = {
      hasSignals: true,
      canSample: false,
      readTable: (): Promise<ProcessEntry[]> => {
        wholes += 1;
        return Promise.resolve([]);
      },
      readNewest: (roots: readonly { readonly pid: number }[]): ProcessEntry[] | null => {
        asked.push(roots.map(({ pid }) => pid));
        return roots.some(({ pid }) => pid === 7) ? null : [];
      },
    };
    const logger = new TestLogger();
    const trees = new ProcessTrees({ clock: systemClock, logger, platform });
    const watch = (pid: number) => trees.watch(`run ${String(pid)}`, { pid, startTime: '1', bootId: '' });
    const [five, six, seven] = [watch(5), watch(6), watch(7)];
    await Promise.all([five.end(0), six.end(0)]);
    assert.deepEqual([asked, wholes], [[[5, 6]], 0]);
    await seven.end(0);
    assert.deepEqual([asked, wholes], [[[5, 6], [7]], 1]);
    await trees.watch('run', null).end(0);
    assert.deepEqual([asked.length, wholes], [2, 2]);
    trees.dispose();
  });
});
