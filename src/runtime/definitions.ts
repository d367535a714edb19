import * as path from 'node:path';
import type { Clock } from './clock.ts';
import { fingerprint } from './config/consent.ts';
import type { ConfigurationWatcher } from './config/configurationWatcher.ts';
import { ConsentStore } from './config/consentStore.ts';
import { configurationPath, loadConfiguration, type LoadedConfiguration } from './config/load.ts';
import { reconcile, type FileContent, type FingerprintedDefinition, type Reconciliation } from './config/reconcile.ts';
import { toError, UserError } from './errors.ts';
import type { Actor, Audit } from './governance/audit.ts';
import { Emitter, type Event } from './events.ts';
import type { Disposable } from './lifecycle.ts';
import type { Logger } from './log.ts';
import type { ConfigurationState } from './model.ts';
import {
  deleteAgent,
  listAgents,
  markAgentAbsent,
  putAgentDefinition,
  revokeEnforcement,
  setAgentPosition,
  type AgentRow,
} from './store/agentTable.ts';
import { countRuns } from './store/runTable.ts';
import type { StateTransaction, StateWriter } from './store/stateWriter.ts';
import type { Store } from './store/store.ts';

export interface DefinitionsOptions {
  readonly folder: string;
  readonly store: Store;
  readonly state: StateWriter;
  readonly consents: ConsentStore;
  readonly audit: Audit;
  readonly clock: Clock;
  readonly logger: Logger;
}

interface Reading {
  readonly loaded: LoadedConfiguration;
  readonly content: FileContent;
}

/** What somebody has just accepted. */
interface Acceptance {
  readonly by: Actor;
  readonly agents: readonly FingerprintedDefinition[];
}

interface Plan extends Reconciliation {
  /** All that the file has, in its order. */
  readonly agents: readonly FingerprintedDefinition[];
}

/**
 * Which definition of each agent is in force: what the file says, as far as the user has accepted it. A file that does not
 * parse changes nothing; an agent that is missing from it is absent, and comes back by its key.
 */
export class Definitions {
  readonly #options: DefinitionsOptions;
  readonly #didChangeEmitter: Emitter<ConfigurationState>;
  #state: ConfigurationState;
  /** The changed programs, by agent, that were already looked into. */
  readonly #noticed = new Map<string, string>();
  #queue: Promise<unknown> = Promise.resolve();

  constructor(options: DefinitionsOptions) {
    this.#options = options;
    this.#didChangeEmitter = new Emitter((error) => {
      options.logger.error('A listener of the configuration failed', error);
    });
    this.#state = { status: 'missing', path: configurationPath(options.folder), org: null, problems: [], pending: [] };
  }

  /** Of a folder, whose consents lie in the user's registry directory. */
  static of(
    place: Pick<DefinitionsOptions, 'clock' | 'logger'> & {
      readonly folder: { readonly id: string; readonly path: string };
      readonly stateDirectory: string;
    },
    parts: Pick<DefinitionsOptions, 'store' | 'state' | 'audit'>,
  ): Definitions {
    const { folder, stateDirectory, clock, logger } = place;
    const directory = path.join(stateDirectory, 'consent');
    const consents = new ConsentStore({ directory, folderId: folder.id, clock, log: logger });
    return new Definitions({ ...parts, folder: folder.path, consents, clock, logger });
  }

  /** What the file is like, and what waits for the user's word. */
  get state(): ConfigurationState {
    return this.#state;
  }

  /** Fires after the file was read again, or a definition accepted, and the agents were brought in line. */
  get onDidChange(): Event<ConfigurationState> {
    return this.#didChangeEmitter.event;
  }

  isPending(agent: string): boolean {
    return this.#state.pending.some((pending) => pending.agent === agent);
  }

  /** Reads the file and brings the agents in line with it; one reading at a time. */
  reload(): Promise<ConfigurationState> {
    return this.#oneAtATime(async () => this.#apply(await this.#read()));
  }

  /** Reads the file again whenever it has changed, until that is disposed. */
  follow(watcher: ConfigurationWatcher): Disposable {
    const subscription = watcher.onDidSettle(() => {
      this.reload().catch((error: unknown) => {
        this.#options.logger.error('Reading the configuration failed', toError(error));
      });
    });
    void watcher.start();
    return {
      dispose: () => {
        subscription.dispose();
        watcher.dispose();
      },
    };
  }

  /**
   * Puts pending definitions in force. The file is read again: what is accepted is what stands in it now.
   * @throws UserError of kind `consent` if it has changed since the user looked
   */
  accept(hashes: readonly string[], by: Actor): Promise<string[]> {
    return this.#oneAtATime(async () => {
      const reading = await this.#read();
      const agents = reading.content.status === 'ok' ? reading.content.agents : [];
      const accepted = agents.filter((agent) => hashes.includes(agent.fingerprint));
      const isComplete = hashes.every((hash) => accepted.some((agent) => agent.fingerprint === hash));
      if (isComplete) await this.#options.consents.add(accepted.map((agent) => agent.fingerprint));
      await this.#apply(reading, isComplete ? { by, agents: accepted } : undefined);
      if (isComplete) return accepted.map((agent) => agent.definition.key);
      throw new UserError('consent', 'The configuration has changed since it was shown. Review it again.');
    });
  }

  /**
   * Whether what would be executed now is what was accepted: programs inside the folder are read again. When they are
   * not, the agents are brought in line, so that the change is shown for review.
   */
  async isConsented(agent: AgentRow): Promise<boolean> {
    const current = await fingerprint(agent.definition, this.#options.folder);
    if (current === agent.fingerprint) return true;
    // Once for each change: bringing the agents in line makes the dispatcher ask again.
    if (this.#noticed.get(agent.key) !== current) {
      this.#noticed.set(agent.key, current);
      this.reload().catch((error: unknown) => {
        this.#options.logger.error('Reading the configuration failed', error);
      });
    }
    return false;
  }

  async #read(): Promise<Reading> {
    const { folder, logger } = this.#options;
    const loaded = await loadConfiguration(folder);
    if (loaded.status === 'invalid') logger.warn('The configuration is not valid', loaded.problems);
    if (loaded.status !== 'ok') return { loaded, content: { status: loaded.status } };
    const agents = await Promise.all(
      loaded.agents.map(async (definition) => ({ definition, fingerprint: await fingerprint(definition, folder) })),
    );
    return { loaded, content: { status: 'ok', agents } };
  }

  async #apply({ loaded, content }: Reading, acceptance?: Acceptance): Promise<ConfigurationState> {
    const { store, state, consents, folder } = this.#options;
    const accepted = await consents.read();
    this.#revokeUnaccepted(accepted);
    const rows = listAgents(store);
    const inForce = new Map(rows.filter((row) => row.isEnforced).map((row) => [row.key, row]));
    const plan = reconcile({ folder, inForce, file: content, accepted });
    // What tightens an accepted definition counts as accepted: only such ones stay in force at the next start.
    const tighter = plan.enforce.map((one) => one.fingerprint).filter((one) => !accepted.has(one));
    if (tighter.length > 0) await consents.add(tighter);
    if (content.status !== 'invalid') {
      const agents = content.status === 'ok' ? content.agents : [];
      state.commit((transaction) => {
        this.#store(transaction, rows, { ...plan, agents });
        if (acceptance) this.#recordAcceptance(transaction, acceptance);
      });
    }
    this.#state = {
      status: loaded.status,
      path: loaded.path,
      org: loaded.status === 'ok' ? loaded.org : this.#state.org,
      problems: loaded.status === 'invalid' ? loaded.problems : [],
      pending: content.status === 'invalid' ? this.#state.pending : plan.pending,
    };
    await store.durable();
    this.#didChangeEmitter.fire(this.#state);
    return this.#state;
  }

  /** The state may be a backup, or come from another folder: what is in force in it counts only if this user accepted it here. */
  #revokeUnaccepted(accepted: ReadonlySet<string>): void {
    const { store, state } = this.#options;
    const unaccepted = listAgents(store).filter((row) => row.isEnforced && !accepted.has(row.fingerprint));
    if (unaccepted.length === 0) return;
    state.commit((transaction) => {
      for (const { key } of unaccepted) {
        revokeEnforcement(transaction, key);
        transaction.touchAgent(key);
      }
    });
  }

  /** One entry an agent, so that each agent's history has it. */
  #recordAcceptance(transaction: StateTransaction, { by, agents }: Acceptance): void {
    for (const { definition, fingerprint: hash } of agents) {
      const { key } = definition;
      const entry = { actor: by, action: 'configuration.accepted', target: 'configuration', agent: key } as const;
      this.#options.audit.record(transaction, { ...entry, details: { definition: hash } });
    }
  }

  #store(transaction: StateTransaction, rows: readonly AgentRow[], plan: Plan): void {
    const known = new Map(rows.map((row) => [row.key, row]));
    const enforced = new Set(plan.enforce.map(({ definition }) => definition.key));
    for (const [position, { definition, fingerprint: hash }] of plan.agents.entries()) {
      const { key } = definition;
      const row = known.get(key);
      const isEnforced = enforced.has(key);
      if (isEnforced || row?.isEnforced !== true) {
        const anchorAt = row?.anchorAt ?? this.#options.clock.now();
        putAgentDefinition(transaction, { key, position, definition, fingerprint: hash, isEnforced, anchorAt });
      } else setAgentPosition(transaction, key, position);
      transaction.touchAgent(key);
    }
    this.#markMissing(transaction, rows, plan);
  }

  #markMissing(transaction: StateTransaction, rows: readonly AgentRow[], plan: Plan): void {
    const present = new Set(plan.agents.map(({ definition }) => definition.key));
    for (const row of rows) {
      if (present.has(row.key) || row.isAbsent) continue;
      // What was terminated stays so when the file has it again.
      const hasRuns = countRuns(transaction, row.key, 'queued') + countRuns(transaction, row.key, 'running') > 0;
      const isKept = row.isEnforced || row.state === 'terminated' || hasRuns;
      if (isKept) markAgentAbsent(transaction, row.key);
      else deleteAgent(transaction, row.key);
      transaction.touchAgent(row.key);
    }
  }

  #oneAtATime<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#queue.then(work);
    this.#queue = result.catch(() => undefined);
    return result;
  }
}
