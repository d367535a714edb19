import { toAuditKey } from '../../src/runtime/store/activityChain.ts';
import { appendActivity, findActivityEnd, pruneActivity } from '../../src/runtime/store/activityTable.ts';
import { toStorable } from '../../src/runtime/store/database.ts';
import { deleteSetting, writeSetting } from '../../src/runtime/store/settingTable.ts';
import type { Reader, Writer } from '../../src/runtime/store/store.ts';

/** Something that a transaction does to a store, as small as the reference that it is compared with. */
export type Change =
  | { readonly do: 'put'; readonly name: string; readonly value: string }
  | { readonly do: 'drop'; readonly name: string }
  /** To all values whose name is lower. */
  | { readonly do: 'append'; readonly suffix: string; readonly below: string }
  | { readonly do: 'log'; readonly details: string; readonly text: string }
  /** Of the audit log, all but this many rows. */
  | { readonly do: 'prune'; readonly keep: number }
  /** Makes the database large. */
  | { readonly do: 'pile' }
  /** Makes it small again. */
  | { readonly do: 'clear' }
  | { readonly do: 'migrate'; readonly to: number };

/** What a store holds after a number of transactions, without any SQL. */
export interface ModelState {
  readonly schema: number;
  readonly settings: readonly (readonly [string, string])[];
  /** Rows of the audit log; null before its schema. */
  readonly log: readonly (readonly [number, string])[] | null;
}

export const auditKey = toAuditKey('c3'.repeat(32));
const pile = Array.from({ length: 40 }, (_, index) => String(index));
const pileLength = 32_000;
/** The schema from which on there is an audit log. */
const logSchema = 2;

/** Executes a change, other than a migration, in a transaction of a store. */
export function applyChange(writer: Writer, change: Exclude<Change, { do: 'migrate' }>): void {
  if (change.do === 'put') writeSetting(writer, change.name, change.value);
  else if (change.do === 'drop') deleteSetting(writer, change.name);
  else if (change.do === 'append') {
    writer.run('UPDATE setting SET value = value || ? WHERE name < ?', [change.suffix, change.below]);
  } else if (change.do === 'pile') {
    writer.run(
      `INSERT OR REPLACE INTO setting (name, value) SELECT 'pile ' || value, printf('%.*c', ?, 'x') FROM json_each(?)`,
      [pileLength, JSON.stringify(pile)],
    );
  } else if (change.do === 'clear') {
    writer.run(`DELETE FROM setting WHERE name >= 'pile ' AND name < 'pile!'`);
  } else if (change.do === 'log') {
    const text = change.text === '' ? null : { value: change.text, salt: '00'.repeat(16) };
    // The action with which a key comes into use.
    const about = { actor: 'test', action: 'audit.keyChanged', target: 'test', agent: null, runId: null, result: 'ok' };
    appendActivity(writer, { ...about, at: 1, costMicros: null, details: change.details, text }, auditKey);
  } else {
    const beforeNumber = findActivityEnd(writer).number - change.keep + 1;
    pruneActivity(writer, { beforeNumber, at: 2, key: auditKey, keyOf: () => auditKey });
  }
}

/** What a store should hold after these transactions. */
export function modelAfter(transactions: readonly (readonly Change[])[]): ModelState {
  let schema = 0;
  const settings = new Map<string, string>();
  const log: [number, string][] = [];
  for (const change of transactions.flat()) {
    if (change.do === 'migrate') schema = change.to;
    changeSettings(settings, change);
    changeLog(log, change);
  }
  return { schema, settings: [...settings].sort(byName), log: schema >= logSchema ? log : null };
}

function changeSettings(settings: Map<string, string>, change: Change): void {
  if (change.do === 'put') settings.set(change.name, stored(change.value));
  else if (change.do === 'drop') settings.delete(change.name);
  else if (change.do === 'pile') for (const name of pile) settings.set(`pile ${name}`, 'x'.repeat(pileLength));
  else if (change.do === 'clear') for (const name of pile) settings.delete(`pile ${name}`);
  else if (change.do === 'append') {
    for (const [name, value] of settings) {
      if (name < change.below) settings.set(name, value + stored(change.suffix));
    }
  }
}

function changeLog(log: [number, string][], change: Change): void {
  if (change.do === 'log') log.push([(log.at(-1)?.[0] ?? 0) + 1, change.details]);
  else if (change.do === 'prune') log.splice(0, log.length - Math.max(1, change.keep));
}

/** What a store holds, in the same form. */
export function readModel(reader: Reader): ModelState {
  const [version] = reader.get('PRAGMA user_version') ?? [];
  const schema = Number(version);
  const settings = schema === 0 ? [] : reader.all('SELECT name, value FROM setting');
  const log = schema < logSchema ? null : reader.all('SELECT number, details FROM activity ORDER BY number');
  return {
    schema,
    settings: settings.map(([name, value]): [string, string] => [String(name), String(value)]).sort(byName),
    log: log?.map(([number, details]): [number, string] => [Number(number), String(details)]) ?? null,
  };
}

function stored(text: string): string {
  return String(toStorable([text])[0]);
}

function byName([a]: readonly [string, string], [b]: readonly [string, string]): number {
  return a < b ? -1 : 1;
}
