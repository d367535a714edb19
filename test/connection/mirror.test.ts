import assert from 'node:assert/strict';
import type { RuntimeClient } from '../../src/connection/client.ts';
import { applyBatch, fromSnapshot, type FolderState } from '../../src/connection/folderState.ts';
import { Mirror } from '../../src/connection/mirror.ts';
import type { Change, Snapshot } from '../../src/protocol.ts';
import { sampleAgent, sampleBatch, sampleIssue, sampleRun, sampleSnapshot } from '../support/sampleState.ts';
import { nextEvent, startTestServer, type TestServer } from '../support/testServer.ts';

/** Mulberry32: the same numbers for the same seed. */
function randomOf(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

function toSnapshot(state: FolderState): Snapshot {
  return {
    sequence: state.sequence,
    runtime: state.runtime,
    configuration: state.configuration,
    agents: [...state.agents.values()],
    issues: [...state.issues.values()],
    runs: [...state.runs.values()],
    questions: [...state.questions.values()],
  };
}

/** Publishes random changes and knows what the state is after each. */
class Reference {
  state = fromSnapshot(sampleSnapshot());
  readonly bySequence = new Map<number, FolderState>([[0, this.state]]);
  readonly #random: (below: number) => number;

  constructor(random: (below: number) => number) {
    this.#random = random;
  }

  publish(test: TestServer): void {
    const changes = Array.from({ length: 1 + this.#random(3) }, () => this.#change());
    const previous = this.state.sequence;
    const batch = { previous, sequence: previous + 1 + this.#random(3), changes };
    this.state = applyBatch(this.state, batch);
    this.bySequence.set(batch.sequence, this.state);
    test.server.publish(batch);
  }

  #change(): Change {
    const number = this.#random(20);
    const changes: Change[] = [
      { kind: 'run', value: sampleRun(number, { logBytes: this.#random(1000) }) },
      { kind: 'runRemoved', id: `run-${String(number)}` },
      { kind: 'issue', value: sampleIssue(number, { title: `T${String(this.#random(1000))}` }) },
      { kind: 'issueRemoved', id: `issue-${String(number)}` },
      { kind: 'agent', value: sampleAgent(`a${String(number)}`, { lastRunAt: this.#random(1000) }) },
    ];
    return changes[this.#random(changes.length)] ?? { kind: 'runRemoved', id: 'none' };
  }
}

async function follow(mirror: Mirror, test: TestServer): Promise<RuntimeClient> {
  const client = await test.attach();
  await mirror.follow(client, test.server.instance);
  return client;
}

describe('Mirror', function () {
  this.timeout(30_000);

  it('shows each state of the runtime truly, through cuts at random moments', async () => {
    const seed = Number(process.env['REVEILLE_TEST_SEED'] ?? Date.now() % 1_000_000);
    const random = randomOf(seed);
    const reference = new Reference(random);
    await using test = await startTestServer({ snapshot: () => toSnapshot(reference.state) });
    let seen = -1;
    const wrong: string[] = [];
    const mirror = new Mirror(() => {
      const { state } = mirror;
      if (state === null || state.sequence < seen) wrong.push(`went back from ${String(seen)}`);
      else assert.deepEqual(state, reference.bySequence.get(state.sequence), `seed ${String(seed)}`);
      seen = state?.sequence ?? seen;
    });
    for (let cut = 0; cut < 60; cut += 1) {
      const following = follow(mirror, test);
      for (let count = random(30); count > 0; count -= 1) {
        reference.publish(test);
        if (random(3) === 0) await new Promise(setImmediate);
      }
      const client = await following;
      for (let count = random(30); count > 0; count -= 1) {
        reference.publish(test);
        if (random(3) === 0) await new Promise(setImmediate);
      }
      client.dispose();
      for (let count = random(10); count > 0; count -= 1) reference.publish(test);
    }
    await follow(mirror, test);
    assert.deepEqual(mirror.state, reference.state, `seed ${String(seed)}`);
    assert.deepEqual(wrong, [], `seed ${String(seed)}`);
    test.logger.assertQuiet();
  });

  it('asks for what it missed when a batch does not follow the last one', async () => {
    let sequence = 0;
    await using test = await startTestServer({ snapshot: () => sampleSnapshot({ sequence }) });
    const changed: number[] = [];
    const mirror = new Mirror(() => changed.push(mirror.state?.sequence ?? -1));
    const client = await follow(mirror, test);
    sequence = 5;
    // The batches 1 to 4 never come; the history does not have them either.
    const resynchronized = nextEvent(client.onDidChange);
    test.server.publish({ ...sampleBatch(5), previous: 4 });
    await resynchronized;
    while (mirror.state?.sequence !== 5) await new Promise(setImmediate);
    assert.deepEqual(changed, [0, 5]);
  });

  for (const { name, next } of [
    { name: 'shows a change that arrives before the answer with the state before it', next: sampleBatch(1) },
    {
      name: 'asks again when a change that arrives before the answer does not follow it',
      next: { ...sampleBatch(5), previous: 4 },
    },
  ]) {
    it(name, async () => {
      let sequence = 0;
      await using test = await startTestServer({
        snapshot: () => {
          const snapshot = sampleSnapshot({ sequence, runs: sequence === 0 ? [] : [sampleRun(next.sequence)] });
          // Right after this moment and before the answer is written.
          if (sequence === 0)
            queueMicrotask(() => {
              test.server.publish(next);
            });
          sequence = next.sequence;
          return snapshot;
        },
      });
      const mirror = new Mirror(() => undefined);
      await follow(mirror, test);
      assert.equal(mirror.state?.sequence, next.sequence);
      assert.deepEqual([...mirror.state.runs.keys()], [`run-${String(next.sequence)}`]);
    });
  }

  it('takes the lower numbers of a new runtime for what they are', async () => {
    const mirror = new Mirror(() => undefined);
    await using before = await startTestServer({ snapshot: () => sampleSnapshot({ sequence: 100 }) });
    await follow(mirror, before);
    await using after = await startTestServer({
      snapshot: () => sampleSnapshot({ sequence: 3, issues: [sampleIssue(1)] }),
    });
    await follow(mirror, after);
    assert.equal(mirror.state?.sequence, 3);
    assert.equal(mirror.state.issues.size, 1);
  });
});
