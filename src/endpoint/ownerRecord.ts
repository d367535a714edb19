import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { systemErrorCode, toError } from '../runtime/errors.ts';
import type { ProcessIdentity } from '../runtime/processIdentity.ts';
import { parseBuild, type Build } from './build.ts';

/** Who owns a store: lease, scheduler right and socket right in one. The record with the highest epoch counts. */
export interface OwnerRecord {
  /** Counts up from 1; each take-over makes the next one. */
  readonly epoch: number;
  readonly identity: ProcessIdentity;
  /** Name of the machine, so that a store on a shared disk is never taken from another one. */
  readonly host: string;
  /** Null until it listens. */
  readonly endpoint: string | null;
  /** What both sides prove to know, 64 hex digits; null until it listens. */
  readonly token: string | null;
  readonly build: Build;
  /** Major version of the protocol that it speaks. */
  readonly protocol: number;
  /** Epoch ms. */
  readonly startedAt: number;
  /** True after a clean end. */
  readonly released: boolean;
}

/** What the owners' directory of a store says. */
export type OwnerReading =
  | { readonly kind: 'none' }
  | { readonly kind: 'record'; readonly record: OwnerRecord }
  /** The highest record is half-written or damaged; `epoch` is known from its name. */
  | { readonly kind: 'unreadable'; readonly epoch: number; readonly path: string; readonly problem: string };

/** Where the owner records of a store lie. */
export function ownersDirectory(store: string): string {
  return join(store, 'owners');
}

export function ownerFileName(epoch: number): string {
  return `e-${String(epoch)}`;
}

/** The epoch in the name of an owner record; null for names of other files. */
export function epochOf(fileName: string): number | null {
  const digits = /^e-([1-9]\d{0,14})$/.exec(fileName)?.[1];
  return digits === undefined ? null : Number(digits);
}

/** The highest epoch among file names; 0 if there is none. */
export function highestEpoch(fileNames: readonly string[]): number {
  return fileNames.reduce((highest, name) => Math.max(highest, epochOf(name) ?? 0), 0);
}

/**
 * Reads the owner record that counts.
 * @throws the system error if the directory exists and cannot be read.
 */
export function inspectOwner(store: string): OwnerReading {
  const directory = ownersDirectory(store);
  const epoch = highestEpoch(listNames(directory));
  if (epoch === 0) return { kind: 'none' };
  const path = join(directory, ownerFileName(epoch));
  try {
    return { kind: 'record', record: parseOwner(readFileSync(path, 'utf8'), epoch) };
  } catch (error) {
    return { kind: 'unreadable', epoch, path, problem: toError(error).message };
  }
}

/** The record that counts; null if there is none or, after telling `onProblem`, if it cannot be read. */
export function readOwner(store: string, onProblem?: (message: string) => void): OwnerRecord | null {
  const reading = inspectOwner(store);
  if (reading.kind === 'record') return reading.record;
  if (reading.kind === 'unreadable') onProblem?.(`The owner record ${reading.path} cannot be read: ${reading.problem}`);
  return null;
}

/**
 * Reads the text of an owner record.
 * @throws Error that says which field is wrong.
 */
function parseOwner(text: string, epoch: number): OwnerRecord {
  const value: unknown = JSON.parse(text);
  const fields = asFields(value, 'the record');
  const build = parseBuild(fields['build']);
  if (build === null) throw new Error('its build is missing');
  if (fields['epoch'] !== epoch) throw new Error('its epoch differs from its name');
  return {
    epoch,
    identity: parseIdentity(fields['identity']),
    host: asString(fields['host'], 'host'),
    endpoint: fields['endpoint'] === null ? null : asString(fields['endpoint'], 'endpoint'),
    token: fields['token'] === null ? null : asString(fields['token'], 'token'),
    build,
    protocol: asNumber(fields['protocol'], 'protocol'),
    startedAt: asNumber(fields['startedAt'], 'startedAt'),
    released: fields['released'] === true,
  };
}

export function formatOwner(record: OwnerRecord): string {
  return `${JSON.stringify(record)}\n`;
}

function listNames(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch (error) {
    // ENOTDIR: a file stands where the store was, or should have been.
    if (['ENOENT', 'ENOTDIR'].includes(systemErrorCode(error) ?? '')) return [];
    throw error;
  }
}

function parseIdentity(value: unknown): ProcessIdentity {
  const fields = asFields(value, 'identity');
  return {
    pid: asNumber(fields['pid'], 'identity.pid'),
    startTime: asString(fields['startTime'], 'identity.startTime'),
    bootId: asString(fields['bootId'], 'identity.bootId'),
  };
}

function asFields(value: unknown, name: string): Record<string, unknown> {
  if (typeof value !== 'object' || value === null) throw new Error(`${name} is not an object`);
  return value as Record<string, unknown>;
}

function asString(value: unknown, name: string): string {
  if (typeof value !== 'string') throw new Error(`its ${name} is not a text`);
  return value;
}

function asNumber(value: unknown, name: string): number {
  if (typeof value !== 'number') throw new Error(`its ${name} is not a number`);
  return value;
}
