import { createHash, createHmac, createSecretKey, type KeyObject } from 'node:crypto';

/** What makes the chain proof against people and not only against accidents. Lives in memory only. */
export interface AuditKey {
  /** Names the key without telling it; 16 hex digits. */
  readonly id: string;
  readonly secret: KeyObject;
}

/** One entry of the audit log, as its row keeps it. */
export interface ActivityRow {
  /** Counts from 1 without a gap. */
  readonly number: number;
  readonly at: number;
  readonly actor: string;
  readonly action: string;
  readonly target: string;
  readonly agent: string | null;
  readonly runId: string | null;
  readonly result: string;
  readonly costMicros: number | null;
  /** A JSON object. */
  readonly details: string;
  /** Of the text beside it, which may have been erased; null if it never had one. */
  readonly textHash: string | null;
  /** The key that its hash was made with; null for a plain hash. */
  readonly keyId: string | null;
  /** Over all the above and the hash of the row before. */
  readonly hash: string;
}

/** Stands for all rows that retention has removed: those from 1 to its number. */
export interface ActivityAnchor {
  readonly lastNumber: number;
  /** The hash of the last removed row: the next one continues from it. */
  readonly lastHash: string;
  /** Epoch ms of the earliest and the latest removed row. */
  readonly firstAt: number;
  readonly lastAt: number;
  readonly prunedAt: number;
  readonly keyId: string | null;
  readonly hash: string;
}

/** What a chain begins with. */
export const genesisHash = '0'.repeat(64);

/** @param hex the 32 bytes of the key, as 64 hex digits */
export function toAuditKey(hex: string): AuditKey {
  const bytes = Buffer.from(hex, 'hex');
  if (bytes.length !== 32) throw new Error('An audit key has 32 bytes.');
  const id = createHash('sha256').update('reveille audit key id').update(bytes).digest('hex').slice(0, 16);
  return { id, secret: createSecretKey(bytes) };
}

/** The hash of a row, whose `keyId` has to be that of the key. */
export function hashActivity(row: Omit<ActivityRow, 'hash'>, previousHash: string, key: AuditKey | null): string {
  const { number, at, actor, action, target, agent, runId, result, costMicros, details, textHash, keyId } = row;
  const place = ['activity', previousHash, number, at];
  return seal([...place, actor, action, target, agent, runId, result, costMicros, details, textHash, keyId], key);
}

/** The hash of an anchor, whose `keyId` has to be that of the key. */
export function hashAnchor(anchor: Omit<ActivityAnchor, 'hash'>, key: AuditKey | null): string {
  const { lastNumber, lastHash, firstAt, lastAt, prunedAt, keyId } = anchor;
  return seal(['anchor', lastNumber, lastHash, firstAt, lastAt, prunedAt, keyId], key);
}

/** The hash by which a text is chained. Without the salt, which goes with the text, nothing can be guessed from it. */
export function hashText(text: string, salt: string): string {
  return createHash('sha256').update('text').update(Buffer.from(salt, 'hex')).update(text, 'utf8').digest('hex');
}

/** An HMAC with a key, else a plain hash, as 64 hex digits, of the fields as a JSON array, which no two different lists share. */
export function seal(fields: readonly (string | number | null)[], key: AuditKey | null): string {
  const digest = key === null ? createHash('sha256') : createHmac('sha256', key.secret);
  return digest.update(JSON.stringify(fields), 'utf8').digest('hex');
}
