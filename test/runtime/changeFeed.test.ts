import assert from 'node:assert/strict';
import type { Change, ChangeBatch } from '../../src/protocol.ts';
import { ChangeFeed } from '../../src/runtime/changeFeed.ts';

const change = (key: string): Change => ({ kind: 'agentRemoved', key });

function keysOf(batches: readonly ChangeBatch[]): string[] {
  return batches.map(({ changes: [first] }) => (first?.kind === 'agentRemoved' ? first.key : ''));
}

describe('ChangeFeed', () => {
  it('hands batches out in order, each only when it is durable', async () => {
    const published: ChangeBatch[] = [];
    const errors: unknown[] = [];
    const feed = new ChangeFeed({ publish: (batch) => published.push(batch), onError: (error) => errors.push(error) });
    const disk = Promise.withResolvers<undefined>();

    feed.add([change('a')], disk.promise);
    feed.add([change('b')], Promise.resolve());
    await new Promise(setImmediate);
    assert.deepEqual(published, []);
    disk.resolve(undefined);
    await feed.whenPublished();

    assert.deepEqual(errors, []);
    assert.deepEqual(keysOf(published), ['a', 'b']);
    assert.deepEqual(
      published.map(({ sequence, previous }) => [previous, sequence]),
      [
        [0, 1],
        [1, 2],
      ],
    );
  });

  it('tells nobody what did not become durable, and reports it', async () => {
    const published: ChangeBatch[] = [];
    const errors: unknown[] = [];
    const feed = new ChangeFeed({ publish: (batch) => published.push(batch), onError: (error) => errors.push(error) });

    feed.add([change('a')], Promise.reject(new Error('disk')));
    await feed.whenPublished();

    assert.deepEqual(published, []);
    assert.match(String(errors[0]), /disk/);
  });
});
