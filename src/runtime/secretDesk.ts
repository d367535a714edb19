import { secretNamesOf, type AgentDefinition } from './definition.ts';
import { UserError } from './errors.ts';
import type { Actor, Audit } from './governance/audit.ts';
import type { SecretNeed } from './model.ts';
import type { RunSecrets } from './runs/runSecrets.ts';
import type { NamedSecret } from './runs/secretForms.ts';
import { mostCharacters, SecretVault } from './secretVault.ts';
import { findAgent, listAgents } from './store/agentTable.ts';
import type { StateWriter } from './store/stateWriter.ts';
import type { Store } from './store/store.ts';

export interface SecretDeskOptions {
  readonly store: Store;
  readonly state: Pick<StateWriter, 'follow'>;
  readonly audit: Audit;
  /** What is there, or needed, has become different. */
  readonly onDidChange: () => Promise<void>;
}

/** Which secrets the agents of the folder need and which of them are there; takes values in, and hands them to runs only. */
export class SecretDesk implements RunSecrets {
  readonly #options: SecretDeskOptions;
  readonly #vault = new SecretVault();
  /** The names that an agent needs, as far as asked for. */
  readonly #names = new Map<string, readonly string[]>();
  /** What the definitions name, and for whom, until they change. */
  #named: ReadonlyMap<string, readonly string[]> | null = null;

  constructor(options: SecretDeskOptions) {
    this.#options = options;
    options.state.follow(({ agents }) => {
      for (const agent of agents) this.#names.delete(agent);
    });
  }

  get isUsed(): boolean {
    return this.#vault.known.length > 0 || this.#findNamed().size > 0;
  }

  /** What the definitions in force name, by name, and for whom. */
  get needs(): SecretNeed[] {
    return [...this.#findNamed()]
      .map(([name, agents]) => ({ name, agents, isSet: this.#vault.has(name) }))
      .sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  known(): readonly NamedSecret[] {
    return this.#vault.known;
  }

  valuesOf(definition: AgentDefinition): Readonly<Record<string, string>> | null {
    return this.#vault.valuesOf(secretNamesOf(definition));
  }

  presentOf(definition: AgentDefinition): Readonly<Record<string, string>> {
    return this.#vault.presentOf(secretNamesOf(definition));
  }

  /** The names of the secrets that an agent lacks, sorted. */
  missingFor(agent: string): string[] {
    let names = this.#names.get(agent);
    if (names === undefined) {
      const row = findAgent(this.#options.store, agent);
      names = row === undefined ? [] : secretNamesOf(row.definition);
      this.#names.set(agent, names);
    }
    return names.filter((name) => !this.#vault.has(name));
  }

  /**
   * Takes values in, by name; answers how many were new. Resolves when the record of it is durable and wakes were released.
   * @throws UserError of kind `invalid` if all of them together would be too long; none is taken then
   */
  async offer(values: Readonly<Record<string, string>>, by: Actor): Promise<number> {
    const changed = Object.entries(values).filter(([name, value]) => !this.#vault.isSame(name, value));
    if (changed.length === 0) return 0;
    if (!this.#vault.hasRoomFor(values)) {
      const most = String(mostCharacters);
      throw new UserError(
        'invalid',
        `The secrets of a folder have at most ${most} characters together, and none of these was taken. Delete secrets that no agent needs, or keep long ones in files.`,
      );
    }
    this.#options.store.transact((writer) => {
      for (const [name] of changed) {
        const target = `secret:${name}` as const;
        const details = { isReplaced: this.#vault.has(name) };
        this.#options.audit.record(writer, { actor: by, action: 'secret.set', target, details });
      }
    });
    for (const [name, value] of changed) this.#vault.set(name, value);
    await this.#settle();
    return changed.length;
  }

  /** Forgets values; answers how many there were. */
  async forget(names: readonly string[], by: Actor): Promise<number> {
    const there = [...new Set(names)].filter((name) => this.#vault.has(name));
    if (there.length === 0) return 0;
    this.#options.store.transact((writer) => {
      for (const name of there)
        this.#options.audit.record(writer, { actor: by, action: 'secret.removed', target: `secret:${name}` });
    });
    for (const name of there) this.#vault.delete(name);
    await this.#settle();
    return there.length;
  }

  /** Call it when definitions have changed. */
  refresh(): void {
    this.#named = null;
  }

  #findNamed(): ReadonlyMap<string, readonly string[]> {
    if (this.#named !== null) return this.#named;
    const named = new Map<string, string[]>();
    for (const { key, definition, isEnforced, isAbsent } of listAgents(this.#options.store)) {
      if (!isEnforced || isAbsent) continue;
      for (const name of secretNamesOf(definition)) named.set(name, [...(named.get(name) ?? []), key]);
    }
    this.#named = named;
    return named;
  }

  async #settle(): Promise<void> {
    await this.#options.onDidChange();
    await this.#options.store.durable();
  }
}
