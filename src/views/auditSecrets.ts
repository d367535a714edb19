import { randomBytes } from 'node:crypto';
import { toError } from '../runtime/errors.ts';
import type { Logger } from '../runtime/log.ts';

/** The parts of VS Code's `SecretStorage` and `Memento` that are needed. */
export interface AuditSecretsOptions {
  readonly secrets: {
    get(name: string): PromiseLike<string | undefined>;
    store(name: string, value: string): PromiseLike<void>;
  };
  readonly memory: {
    get(name: string): unknown;
    update(name: string, value: unknown): PromiseLike<void>;
  };
  readonly log: Logger;
  /** Lets other windows that make a key at the same moment finish, so that all go on with the same. */
  readonly settle: () => Promise<void>;
}

/** So often a key may get lost before the keychain counts as one that forgets. */
const maxMade = 3;

/**
 * The key of each folder's audit log, kept in the editor's keychain. Some hosts have a keychain that forgets at each reload: a new
 * key each time would leave a log that nobody can verify, so there it is done without one.
 */
export class AuditSecrets {
  readonly #options: AuditSecretsOptions;
  readonly #asked = new Map<string, Promise<string | null>>();

  constructor(options: AuditSecretsOptions) {
    this.#options = options;
  }

  /** The key of a folder as 64 hex digits, made if there is none; null if the keychain does not serve. Never rejects. */
  keyOf(folderId: string): Promise<string | null> {
    const asked = this.#asked.get(folderId) ?? this.#find(folderId);
    this.#asked.set(folderId, asked);
    return asked;
  }

  async #find(folderId: string): Promise<string | null> {
    const { secrets, memory, log, settle } = this.#options;
    const name = `reveille.auditKey.${folderId}`;
    const counter = `reveille.auditKeysMade.${folderId}`;
    try {
      const kept = parseKey(await secrets.get(name));
      if (kept !== null) {
        if (memory.get(counter) !== undefined) await memory.update(counter, undefined);
        return kept;
      }
      const made = Number(memory.get(counter) ?? 0);
      if (made >= maxMade) {
        log.warn('The keychain of this editor forgets: the audit log has no key');
        return null;
      }
      await memory.update(counter, made + 1);
      await secrets.store(name, randomBytes(32).toString('hex'));
      await settle();
      return parseKey(await secrets.get(name));
    } catch (error) {
      log.warn('The keychain of this editor does not serve: the audit log has no key', toError(error).message);
      return null;
    }
  }
}

function parseKey(value: string | undefined): string | null {
  return value !== undefined && /^[0-9a-f]{64}$/.test(value) ? value : null;
}
