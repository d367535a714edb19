import { randomBytes } from 'node:crypto';
import * as fs from 'node:fs';
import * as path from 'node:path';
import type { Clock } from '../clock.ts';
import { systemErrorCode, toError } from '../errors.ts';
import type { Disposable } from '../lifecycle.ts';
import type { Logger } from '../log.ts';
import { seal, type AuditKey } from '../store/activityChain.ts';
import { findActivity, findActivityAnchor, findActivityEnd, type ActivityEnd } from '../store/activityTable.ts';
import type { Reader, Store } from '../store/store.ts';
import type { AuditKeys } from './auditKeys.ts';

/** Where the log ended once, and when that was noted (epoch ms). */
export interface NotedEnd extends ActivityEnd {
  readonly at: number;
}

/** The end of the log as it stands outside the store. */
export interface HeadRecord extends NotedEnd {
  /** An end that was noted earlier and that the log does not have any more. */
  readonly lost: NotedEnd | null;
  readonly keyId: string | null;
  readonly seal: string;
}

export type HeadReading = HeadRecord | 'missing' | 'unreadable';

/** What speaks against the log, seen from its head. */
export interface HeadProblem {
  readonly problem: 'cut' | 'replaced' | 'head_forged';
  readonly noted: NotedEnd;
}

export interface AuditHeadOptions {
  readonly store: Reader & Pick<Store, 'durable'>;
  readonly keys: AuditKeys;
  readonly clock: Clock;
  readonly logger: Logger;
  /** The user's registry directory. */
  readonly stateDirectory: string;
  readonly folderId: string;
  /** True once another runtime owns the store: the head is its business then. */
  readonly isFenced: () => boolean;
}

const firstDelayMs = 1000;
const intervalMs = 60_000;

/** The file that keeps the head of a folder's log. Who deletes the folder's whole state deletes it too. */
export function auditHeadPath(stateDirectory: string, folderId: string): string {
  return path.join(stateDirectory, 'audit', `${folderId}.json`);
}

/**
 * Exports where the log ends to a file outside the store, so that a tail that was cut off shows. Only what is durable is told, at
 * most once a minute and at the end. A head that the log contradicts is kept as lost: it is not overwritten by going on.
 */
export class AuditHead implements Disposable {
  readonly #options: AuditHeadOptions;
  readonly #path: string;
  #timer: Disposable | null = null;
  #exportedAt = -Infinity;
  /** The entry since which the log rightly ends elsewhere. */
  #beginning: ActivityEnd | null = null;
  #writing: Promise<void> = Promise.resolve();

  constructor(options: AuditHeadOptions) {
    this.#options = options;
    this.#path = auditHeadPath(options.stateDirectory, options.folderId);
  }

  /** Call for every entry; `isBeginning` for one since which the log rightly ends elsewhere than the head says. */
  noteEntry(entry: ActivityEnd, isBeginning: boolean): void {
    const { clock } = this.#options;
    if (isBeginning) this.#beginning = { number: entry.number, hash: entry.hash };
    if (this.#timer) return;
    const delayMs = Math.max(firstDelayMs, this.#exportedAt + intervalMs - clock.monotonic());
    this.#timer = clock.setTimeout(() => {
      this.#timer = null;
      void this.export();
    }, delayMs);
  }

  /** Writes the end of what is durable now; failing to is logged, because the log itself is not touched by it. */
  export(): Promise<void> {
    this.#timer?.dispose();
    this.#timer = null;
    this.#exportedAt = this.#options.clock.monotonic();
    this.#writing = this.#writing
      .then(() => this.#export())
      .catch((error: unknown) => {
        this.#options.logger.warn('The head of the audit log was not exported', toError(error).message);
      });
    return this.#writing;
  }

  read(): HeadReading {
    try {
      return parseHead(fs.readFileSync(this.#path, 'utf8')) ?? 'unreadable';
    } catch (error) {
      return systemErrorCode(error) === 'ENOENT' ? 'missing' : 'unreadable';
    }
  }

  /** What the head says against the log as it is now; null if they agree, or there is no head. */
  findProblem(): HeadProblem | null {
    const { store, keys, folderId } = this.#options;
    const head = this.read();
    if (typeof head === 'string') return null;
    if (isForged(head, { reader: store, keys, folderId })) return { problem: 'head_forged', noted: head };
    return findLoss(store, head) ?? (head.lost && findLoss(store, head.lost));
  }

  dispose(): void {
    this.#timer?.dispose();
    this.#timer = null;
  }

  async #export(): Promise<void> {
    const { store, keys, clock, folderId, isFenced } = this.#options;
    const { number, hash } = findActivityEnd(store);
    if (number === 0) return;
    await store.durable();
    if (isFenced()) return;
    const beginning = this.#beginning;
    const isNew = beginning !== null && findActivity(store, beginning.number)?.hash === beginning.hash;
    const lost = isNew ? null : (this.findProblem()?.noted ?? null);
    const noted = {
      number,
      hash,
      at: clock.now(),
      lost: lost && { number: lost.number, hash: lost.hash, at: lost.at },
    };
    await this.#write(sealHead(noted, folderId, keys.current));
    if (this.#beginning === beginning) this.#beginning = null;
  }

  async #write(record: HeadRecord): Promise<void> {
    const directory = path.dirname(this.#path);
    await fs.promises.mkdir(directory, { recursive: true, mode: 0o700 });
    const temporary = `${this.#path}.${randomBytes(6).toString('hex')}.tmp`;
    try {
      await fs.promises.writeFile(temporary, `${JSON.stringify(record)}\n`, { flag: 'wx', mode: 0o600, flush: true });
      await fs.promises.rename(temporary, this.#path);
    } catch (error) {
      await fs.promises.rm(temporary, { force: true });
      throw error;
    }
  }
}

/** What is lost of a noted end; null if the log still has it, or retention has removed it. */
function findLoss(reader: Reader, noted: NotedEnd): HeadProblem | null {
  const anchor = findActivityAnchor(reader);
  if (anchor && noted.number < anchor.lastNumber) return null;
  const hash = anchor?.lastNumber === noted.number ? anchor.lastHash : findActivity(reader, noted.number)?.hash;
  if (hash === noted.hash) return null;
  return { problem: hash === undefined ? 'cut' : 'replaced', noted };
}

function isForged(
  head: HeadRecord,
  { reader, keys, folderId }: { readonly reader: Reader; readonly keys: AuditKeys; readonly folderId: string },
): boolean {
  // A runtime without a key never got to write to a chain with one before it had written an entry of its own.
  if (head.keyId === null && (findActivity(reader, head.number)?.keyId ?? null) !== null) return true;
  const key = head.keyId === null ? null : keys.find(head.keyId);
  return key !== undefined && sealHead(head, folderId, key).seal !== head.seal;
}

function sealHead(head: Omit<HeadRecord, 'keyId' | 'seal'>, folderId: string, key: AuditKey | null): HeadRecord {
  const { number, hash, at, lost } = head;
  const keyId = key?.id ?? null;
  const rest = lost === null ? [null, null, null] : [lost.number, lost.hash, lost.at];
  return { number, hash, at, lost, keyId, seal: seal(['head', folderId, number, hash, at, ...rest, keyId], key) };
}

function parseHead(text: string): HeadRecord | null {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    // Something else than Reveille wrote it, or a disk did.
    return null;
  }
  const { lost, keyId, seal: mark } = (value ?? {}) as Partial<Record<keyof HeadRecord, unknown>>;
  if (!isNotedEnd(value) || typeof mark !== 'string') return null;
  if (lost !== null && !isNotedEnd(lost)) return null;
  if (keyId !== null && typeof keyId !== 'string') return null;
  return { number: value.number, hash: value.hash, at: value.at, lost, keyId, seal: mark };
}

function isNotedEnd(value: unknown): value is NotedEnd {
  const { number, hash, at } = (value ?? {}) as Partial<Record<keyof NotedEnd, unknown>>;
  return typeof number === 'number' && typeof hash === 'string' && typeof at === 'number';
}
