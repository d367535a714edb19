import { randomBytes } from 'node:crypto';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { systemErrorCode, toError, UserError } from '../errors.ts';
import type { ActivityRow } from '../store/activityChain.ts';
import { findActivityAnchor, findActivityEnd, findActivityText, listActivityAfter } from '../store/activityTable.ts';
import type { Reader } from '../store/store.ts';

export type ActivityFormat = 'jsonl' | 'csv';

export interface ExportOptions {
  readonly reader: Reader;
  /** Absolute; a file there is replaced. */
  readonly path: string;
  readonly format: ActivityFormat;
  /** Also what people wrote, where it was not erased. */
  readonly includeTexts: boolean;
  /** Lets others have their turn; called every few hundred rows. */
  readonly pause: () => Promise<void>;
}

/** A row with the text beside it; undefined texts were not asked for. */
interface ExportedRow {
  readonly row: ActivityRow;
  readonly text: { readonly text: string; readonly salt: string } | null | undefined;
}

const sliceRows = 500;
/** Written between two pauses, in characters. */
const sliceCharacters = 2_000_000;

const csvColumns = [
  'number',
  'time',
  'actor',
  'action',
  'target',
  'agent',
  'run',
  'result',
  'cost_micros',
  'details',
  'text',
  'text_hash',
  'key_id',
  'hash',
] as const;

/**
 * Writes the audit log, as it is at the call, into a file that only the user can read; answers how many rows. The file appears when
 * it is complete.
 * @throws UserError of kind `storage` if it cannot be written
 */
export async function exportActivity(options: ExportOptions): Promise<number> {
  const temporary = `${options.path}.${randomBytes(6).toString('hex')}.tmp`;
  try {
    if (fs.existsSync(options.path) && !fs.statSync(options.path).isFile()) throw new Error('not a file');
    const file = await fs.promises.open(temporary, 'wx', 0o600);
    let rows: number;
    try {
      rows = await writeRows(file, options);
      await file.sync();
    } finally {
      await file.close();
    }
    await fs.promises.rename(temporary, options.path);
    return rows;
  } catch (error) {
    await fs.promises.rm(temporary, { force: true });
    throw cannotWrite(options.path, error);
  }
}

async function writeRows(file: fs.promises.FileHandle, options: ExportOptions): Promise<number> {
  const { reader, format, includeTexts, pause } = options;
  const { number: last } = findActivityEnd(reader);
  await file.write(format === 'csv' ? csvLine(csvColumns) : anchorLine(reader));
  let position = 0;
  let count = 0;
  while (position < last) {
    const rows = listActivityAfter(reader, position, sliceRows).filter((row) => row.number <= last);
    if (rows.length === 0) break;
    let text = '';
    for (const row of rows) {
      const beside = includeTexts && row.textHash !== null ? (findActivityText(reader, row.number) ?? null) : undefined;
      text += format === 'csv' ? toCsv({ row, text: beside }) : toJsonLine({ row, text: beside });
      position = row.number;
      count += 1;
      if (text.length > sliceCharacters) break;
    }
    await file.write(text);
    await pause();
  }
  return count;
}

/** All that a verification needs stands in the line; `time` is for people. */
function toJsonLine({ row, text }: ExportedRow): string {
  const { at, details, ...fields } = row;
  const time = formatTime(at);
  const beside = text ? { text: text.text, textSalt: text.salt } : {};
  return `${JSON.stringify({ ...fields, at, time, details: parseDetails(details), ...beside })}\n`;
}

function anchorLine(reader: Reader): string {
  const anchor = findActivityAnchor(reader);
  return anchor ? `${JSON.stringify({ anchor })}\n` : '';
}

/** A line as in RFC 4180, with what a spreadsheet would take for a formula disarmed. */
function toCsv({ row, text }: ExportedRow): string {
  return csvLine([
    row.number,
    formatTime(row.at),
    row.actor,
    row.action,
    row.target,
    row.agent,
    row.runId,
    row.result,
    row.costMicros,
    row.details,
    text?.text ?? null,
    row.textHash,
    row.keyId,
    row.hash,
  ]);
}

function csvLine(cells: readonly (string | number | null)[]): string {
  return `${cells.map(csvCell).join(',')}\r\n`;
}

function csvCell(value: string | number | null): string {
  if (value === null) return '';
  if (typeof value === 'number') return String(value);
  const text = /^[=+\-@\t\r\n]/.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** A tampered row must not keep the others from being exported. */
export function parseDetails(details: string): unknown {
  try {
    return JSON.parse(details);
  } catch {
    return details;
  }
}

function formatTime(at: number): string {
  const time = new Date(at);
  return Number.isNaN(time.getTime()) ? '' : time.toISOString();
}

function cannotWrite(file: string, thrown: unknown): UserError {
  const reason = systemErrorCode(thrown) ?? toError(thrown).message;
  const message = `The audit log could not be written to ${file} (${reason}). Choose a folder that exists and that you can write to.`;
  return new UserError('storage', message, { cause: thrown });
}

/** True for a place inside a directory, or the directory itself. */
export function isWithin(directory: string, file: string): boolean {
  const relative = path.relative(directory, file);
  return relative === '' || (!relative.startsWith(`..${path.sep}`) && relative !== '..' && !path.isAbsolute(relative));
}
