import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import type { Row } from '../../src/runtime/store/database.ts';
import type { Bench } from './figure.ts';
import type { NativeDatabase } from './nativeEngine.ts';

const version = '13.2.0';
const installLimitMs = 120_000;

/** The native SQLite that the store is measured against. */
export interface NativeSqlite {
  /** Which one it is, as the table shows it. */
  readonly name: string;
  open(file: string): NativeDatabase;
}

/** The part of better-sqlite3 that is used; the package is not a dependency, so its types are not there. */
interface BetterStatement {
  readonly reader: boolean;
  raw(): BetterStatement;
  all(...params: Row): Row[];
  get(...params: Row): Row | undefined;
  run(...params: Row): unknown;
}

interface BetterDatabase {
  prepare(sql: string): BetterStatement;
  exec(script: string): unknown;
  close(): unknown;
}

type BetterSqlite = new (file: string) => BetterDatabase;

let loading: Promise<NativeSqlite> | undefined;

/**
 * better-sqlite3, installed for this benchmark only: it is 27 MB of native code that nothing else needs. Its package brings
 * binaries for the usual machines along, so nothing is compiled. Where it cannot be had, Node's own SQLite takes its place: the
 * same C library, and within a few per cent of the same speed.
 */
export function loadNativeSqlite(bench: Bench): Promise<NativeSqlite> {
  loading ??= loadBetter(bench).catch(async (error: unknown) => {
    bench.say(`  better-sqlite3 could not be had, so node:sqlite is the rival: ${String(error)}`);
    return loadNodeSqlite();
  });
  return loading;
}

async function loadBetter({ production }: Bench): Promise<NativeSqlite> {
  const manifest = path.join(production.makeFolder('rival'), 'package.json');
  writeFileSync(manifest, '{ "private": true }\n');
  await install(path.dirname(manifest));
  const Better = createRequire(manifest)('better-sqlite3') as BetterSqlite;
  new Better(':memory:').close();
  return { name: 'better-sqlite3', open: (file) => wrapBetter(new Better(file)) };
}

const installArguments = [
  'install',
  '--ignore-scripts',
  '--prefer-offline',
  '--fetch-retries=0',
  '--no-audit',
  '--no-fund',
  '--loglevel=error',
];

/** @throws Error with the end of what npm said */
async function install(cwd: string): Promise<void> {
  const npm = process.env['npm_execpath'];
  const args = [...installArguments, `better-sqlite3@${version}`];
  const [file, all] = npm?.endsWith('.js') ? [process.execPath, [npm, ...args]] : ['npm', args];
  const child = spawn(file, all, { cwd, stdio: ['ignore', 'pipe', 'pipe'], timeout: installLimitMs });
  const output: string[] = [];
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => output.push(String(chunk)));
  const [code] = (await once(child, 'close')) as [number | null];
  if (code !== 0) throw new Error(output.join('').trim().split('\n').slice(-3).join('\n'));
}

function wrapBetter(database: BetterDatabase): NativeDatabase {
  return {
    prepare: (sql) => {
      const prepared = database.prepare(sql);
      const statement = prepared.reader ? prepared.raw() : prepared;
      return {
        all: (params) => statement.all(...params),
        get: (params) => statement.get(...params),
        run: (params) => void statement.run(...params),
      };
    },
    execute: (script) => void database.exec(script),
    close: () => void database.close(),
  };
}

async function loadNodeSqlite(): Promise<NativeSqlite> {
  const { DatabaseSync } = await import('node:sqlite');
  return {
    name: 'node:sqlite',
    open: (file) => {
      const database = new DatabaseSync(file);
      return {
        prepare: (sql) => {
          const statement = database.prepare(sql);
          statement.setReturnArrays(true);
          return {
            all: (params) => statement.all(...params) as unknown as Row[],
            get: (params) => statement.get(...params) as unknown as Row | undefined,
            run: (params) => void statement.run(...params),
          };
        },
        execute: (script) => {
          database.exec(script);
        },
        close: () => {
          database.close();
        },
      };
    },
  };
}
