import assert from 'node:assert/strict';
import { untranslated } from '../../../src/format.ts';
import { TranscriptText } from '../../../src/transcriptText.ts';
import { namedFileOf, placesOf } from '../../../src/views/transcripts/transcriptPlaces.ts';

describe('the files that a transcript names', () => {
  it('are found in its lines about changed files, whatever they are called', () => {
    const text = new TranscriptText({ t: untranslated, now: () => 0, root: '/srv' });
    for (const name of ['src/a.ts', 'a file (1).txt', '/elsewhere/b']) {
      const [line = ''] = text.describe({ kind: 'fileChange', path: name, change: 'deleted' });
      assert.deepEqual(namedFileOf(line), { name, start: 4 });
    }
  });

  it('are in no other line', () => {
    for (const line of ['', 'src/a.ts', '✎ a (added)', '  └ a (added)', '  ✎ a']) assert.equal(namedFileOf(line), null);
  });

  for (const [name, places] of [
    ['src/a.ts', ['/srv/shop/src/a.ts', '/srv/shop/app/src/a.ts']],
    ['/srv/shop/app/b.ts', ['/srv/shop/app/b.ts']],
    ['/srv/shopping/b.ts', []],
    ['/etc/passwd', []],
    ['../../secret', []],
    ['../c.ts', []],
    ['..', []],
  ] as const) {
    it(`are looked for below the folders only: ${name}`, () => {
      const folders = ['/srv/shop', '/srv/shop/app'];
      const within = placesOf(name, folders);
      assert.deepEqual(within, places);
    });
  }
});
