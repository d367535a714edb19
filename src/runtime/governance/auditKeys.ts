import { toAuditKey, type AuditKey } from '../store/activityChain.ts';

/** More keys than windows and products that a person has; whoever offers more is up to something. */
const maxKeys = 16;

/**
 * The audit keys that windows have brought, in memory only. The first one is used until the one comes that the chain had
 * before this runtime began; all of them serve to verify.
 */
export class AuditKeys {
  readonly #known = new Map<string, AuditKey>();
  #current: AuditKey | null = null;

  /** What new entries are chained with; null: nobody has brought a key. */
  get current(): AuditKey | null {
    return this.#current;
  }

  readonly find = (keyId: string): AuditKey | undefined => this.#known.get(keyId);

  /** Takes a key in (64 hex digits); true if it is the one to use from now on and was not before. */
  offer(hex: string, chainKeyId: string | null): boolean {
    const key = toAuditKey(hex);
    if (!this.#known.has(key.id) && this.#known.size >= maxKeys) return false;
    this.#known.set(key.id, key);
    const isWanted = this.#current === null || (key.id === chainKeyId && this.#current.id !== chainKeyId);
    if (isWanted) this.#current = key;
    return isWanted;
  }
}
