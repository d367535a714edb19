import type { ActivityFault, ActivityProblem, ActivityVerification } from '../activityModel.ts';
import { hashActivity, hashText, genesisHash, type ActivityRow, type AuditKey } from '../store/activityChain.ts';
import {
  checkAnchor,
  findActivityAnchor,
  findActivityEnd,
  findActivityText,
  listActivityAfter,
} from '../store/activityTable.ts';
import type { Reader } from '../store/store.ts';
import type { HeadProblem } from './auditHead.ts';

export interface VerifyOptions {
  readonly reader: Reader;
  readonly keyOf: (keyId: string) => AuditKey | undefined;
  /** Asked at the end, of the log as it is then. */
  readonly findHeadProblem: () => HeadProblem | null;
  /** Lets others have their turn; called every few hundred rows. */
  readonly pause: () => Promise<void>;
}

type Figures = Omit<ActivityVerification, 'hasKey' | 'head'>;

const sliceRows = 500;
/** Texts hashed between two pauses, in characters. */
const sliceCharacters = 2_000_000;

/** What every runtime writes first; it has no key then, until a window brings it. */
const firstAction = 'runtime.started';

/**
 * Walks through the whole log as it is at the call, oldest first, and finds the first row that does not fit. What is added
 * meanwhile is left for the next time; what retention removes meanwhile is skipped.
 */
export async function verifyActivity(options: VerifyOptions): Promise<Figures> {
  const { number: last } = findActivityEnd(options.reader);
  const walk = new Walk(options);
  walk.begin();
  while (walk.fault === null && walk.position < last) {
    walk.nextSlice(last);
    await options.pause();
  }
  if (walk.fault === null) walk.compareHead();
  return walk.figures;
}

class Walk {
  readonly #options: VerifyOptions;
  /** The row that was looked at last, or the anchor. */
  #previous: { readonly number: number; readonly hash: string; readonly keyId: string | null } = {
    number: 0,
    hash: genesisHash,
    keyId: null,
  };
  /** The key of the last row that has one; undefined behind an anchor, until one comes. */
  #keyId: string | null | undefined = null;
  #counts = { rows: 0, keyed: 0, unkeyed: 0, unknownKey: 0, erasedTexts: 0 };
  fault: ActivityFault | null = null;

  constructor(options: VerifyOptions) {
    this.#options = options;
  }

  get position(): number {
    return this.#previous.number;
  }

  get figures(): Figures {
    const anchor = findActivityAnchor(this.#options.reader);
    return {
      ...this.#counts,
      removed: anchor?.lastNumber ?? 0,
      removedUntil: anchor?.lastAt ?? null,
      fault: this.fault,
    };
  }

  begin(): void {
    this.#followAnchor();
    const [below] = listActivityAfter(this.#options.reader, Number.MIN_SAFE_INTEGER, 1);
    if (below && below.number <= this.position) this.#blame('inserted', below);
  }

  nextSlice(last: number): void {
    const { reader } = this.#options;
    // Retention may have gone past us since the last slice.
    if ((findActivityAnchor(reader)?.lastNumber ?? 0) > this.position) this.#followAnchor();
    const rows = listActivityAfter(reader, this.position, sliceRows);
    let characters = 0;
    for (const row of rows) {
      if (row.number > last || this.fault !== null || characters > sliceCharacters) return;
      characters += this.#look(row);
    }
    if (rows.length === 0 && this.position < last) this.#blame('missing', { number: this.position + 1 });
  }

  compareHead(): void {
    const found = this.#options.findHeadProblem();
    if (found === null) return;
    const { problem, noted } = found;
    const number =
      problem === 'cut' ? Math.min(noted.number, findActivityEnd(this.#options.reader).number + 1) : noted.number;
    this.#blame(problem, { number, at: noted.at });
  }

  #followAnchor(): void {
    const { reader, keyOf } = this.#options;
    const anchor = findActivityAnchor(reader);
    if (!anchor) return;
    const { lastNumber: number, lastHash: hash, prunedAt: at, keyId } = anchor;
    const [next] = listActivityAfter(reader, number, 1);
    // Without a key nothing is removed that was written with one.
    const isDowngraded = keyId === null && (next?.keyId ?? null) !== null;
    if (isDowngraded || checkAnchor(anchor, keyOf) === 'wrong') this.#blame('anchor', { number, at });
    this.#previous = { number, hash, keyId: null };
    this.#keyId = undefined;
  }

  /** Answers how many characters it hashed. */
  #look(row: ActivityRow): number {
    const previous = this.#previous;
    if (row.number !== previous.number + 1) {
      this.#blame('missing', { number: previous.number + 1 });
      return 0;
    }
    const key = row.keyId === null ? null : this.#options.keyOf(row.keyId);
    if (key !== undefined && hashActivity(row, previous.hash, key) !== row.hash) this.#blame('hash', row);
    else if (!this.#hasRightKey(row)) this.#blame('wrong_key', row);
    this.#counts.rows += 1;
    if (key === undefined) this.#counts.unknownKey += 1;
    else if (key === null) this.#counts.unkeyed += 1;
    else this.#counts.keyed += 1;
    this.#previous = row;
    this.#keyId = row.keyId ?? this.#keyId;
    return this.#lookAtText(row);
  }

  /**
   * A key is given up only at the beginning of a life, and another one comes into use only with the entry that says so. Without this
   * rule a row could be changed unseen by naming a key that nobody has.
   */
  #hasRightKey({ keyId, action }: ActivityRow): boolean {
    if (keyId === null) return this.#previous.keyId === null || action === firstAction;
    return this.#keyId === undefined || keyId === this.#keyId || action === 'audit.keyChanged';
  }

  #lookAtText(row: ActivityRow): number {
    const kept = findActivityText(this.#options.reader, row.number);
    if (!kept) {
      if (row.textHash !== null) this.#counts.erasedTexts += 1;
      return 0;
    }
    if (hashText(kept.text, kept.salt) !== row.textHash) this.#blame('text', row);
    return kept.text.length;
  }

  #blame(problem: ActivityProblem, row: { number: number; at?: number; action?: string }): void {
    this.fault ??= { problem, number: row.number, at: row.at ?? null, action: row.action ?? null };
  }
}
