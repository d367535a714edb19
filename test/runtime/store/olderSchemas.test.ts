import assert from 'node:assert/strict';
import { cpSync, existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readBackup } from '../../../src/runtime/stateFiles/readBackup.ts';
import { latestSchema } from '../../../src/runtime/store/migrate.ts';
import { migrations } from '../../../src/runtime/store/migrations.ts';
import { Store, type Reader } from '../../../src/runtime/store/store.ts';
import { fixturesFolder, readRows, type Contents } from '../../support/makeStoreFixtures.ts';
import { dumpState } from '../../support/stateDump.ts';
import { makeTemporaryFolder } from '../../support/temporaryFolder.ts';
import { TestLogger } from '../../support/testLogger.ts';
import { wasmPath } from '../../support/wasm.ts';

const schemas = Array.from({ length: latestSchema }, (_value, index) => index + 1);

function open(directory: string, steps = migrations): Promise<Store> {
  const options = { directory, wasmPath, logger: new TestLogger(), isFenced: () => false };
  return Store.open({ ...options, migrations: steps });
}

function schemaOf(reader: Reader): string[] {
  const [version] = reader.get('PRAGMA user_version') ?? [];
  const rows = reader.all('SELECT type, name, tbl_name, sql FROM sqlite_master ORDER BY type, name');
  return [`version ${String(version)}`, ...rows.map((row) => JSON.stringify(row))];
}

/** A copy of what a Reveille with the first `schema` steps left on the disk. */
function copyOf(schema: number): { readonly state: string; readonly contents: Contents } & Disposable {
  const folder = makeTemporaryFolder();
  const source = join(fixturesFolder, `schema-${String(schema)}`);
  const state = join(folder.path, 'state');
  cpSync(join(source, 'state'), state, { recursive: true });
  const contents = JSON.parse(readFileSync(join(source, 'contents.json'), 'utf8')) as Contents;
  return { state, contents, [Symbol.dispose]: () => folder[Symbol.dispose]() };
}

function assertHolds(reader: Reader, contents: Contents): void {
  for (const [table, { columns, rows }] of Object.entries(contents)) {
    assert.deepEqual(readRows(reader, table, columns), rows, table);
    assert.ok(rows.length > 0 || table === 'activity_anchor', `The fixture has nothing in ${table}`);
  }
}

describe('A state of an earlier schema', function () {
  this.timeout(30_000);

  it('exists as a fixture for every schema there ever was', () => {
    assert.deepEqual(
      readdirSync(fixturesFolder).sort(),
      schemas.map((schema) => `schema-${String(schema)}`).sort(),
      'node test/support/makeStoreFixtures.ts makes the fixture of a new schema step',
    );
  });

  for (const schema of schemas) {
    it(`${String(schema)} is taken over with all its rows, and is like a new one otherwise`, async () => {
      using fixture = copyOf(schema);
      using empty = makeTemporaryFolder();
      const fresh = await open(empty.path);
      const store = await open(fixture.state);

      assertHolds(store, fixture.contents);
      assert.deepEqual(schemaOf(store), schemaOf(fresh));
      assert.deepEqual(store.all('PRAGMA integrity_check'), [['ok']]);
      assert.deepEqual(store.remarks, []);

      const dump = dumpState(store);
      await store.close();
      await fresh.close();
      const again = await open(fixture.state);
      assert.deepEqual(dumpState(again), dump);
      await again.close();
      assert.equal(existsSync(join(fixture.state, 'before-migration')), schema < latestSchema);
    });

    it(`${String(schema)} can be restored from a backup that was made of it`, async () => {
      using fixture = copyOf(schema);
      const old = await open(fixture.state, migrations.slice(0, schema));
      const path = join(fixture.state, '..', 'backup.sqlite');
      writeFileSync(path, await old.backUp());
      await old.close();

      const { summary } = await readBackup(path, wasmPath);

      const { agents, issues, runs } = summary;
      const rowsOf = (table: string): number => fixture.contents[table]?.rows.length ?? 0;
      assert.deepEqual(
        { schema: summary.schema, agents, issues, runs },
        { schema, agents: rowsOf('agent'), issues: rowsOf('issue'), runs: rowsOf('run') },
      );
    });
  }
});
