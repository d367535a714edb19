import type { AgentDefinition } from '../definition.ts';
import type { PendingConsent } from '../model.ts';
import { hasSameFiles, isTightening } from './consent.ts';
import { describeDefinition, summarizeDefinition } from './describe.ts';

/** A definition with the fingerprint that it had when it was read or put in force. */
export interface FingerprintedDefinition {
  readonly definition: AgentDefinition;
  readonly fingerprint: string;
}

/** What the file says now; the definitions only of a file without problems. */
export type FileContent =
  | { readonly status: 'missing' | 'invalid' }
  | { readonly status: 'ok'; readonly agents: readonly FingerprintedDefinition[] };

export interface ReconcileInput {
  readonly folder: string;
  /** By agent key; agents that were absent until now included. */
  readonly inForce: ReadonlyMap<string, FingerprintedDefinition>;
  readonly file: FileContent;
  /** Fingerprints that the user has accepted. */
  readonly accepted: ReadonlySet<string>;
}

export interface Reconciliation {
  /** To be in force from now on, those that are already included. Whoever is in the file and not here keeps what is in force. */
  readonly enforce: readonly FingerprintedDefinition[];
  /** Keys of agents in force that the file does not have. */
  readonly absent: readonly string[];
  readonly pending: readonly PendingConsent[];
}

/**
 * Decides what a new state of the file changes. Only what the user has accepted, or what tightens the definition in force
 * without touching the files that it executes, comes into force. A file with problems changes nothing.
 */
export function reconcile({ folder, inForce, file, accepted }: ReconcileInput): Reconciliation {
  if (file.status === 'invalid') return { enforce: [], absent: [], pending: [] };
  const agents = file.status === 'ok' ? file.agents : [];
  const present = new Set(agents.map(({ definition }) => definition.key));
  const isAllowed = (next: FingerprintedDefinition): boolean =>
    accepted.has(next.fingerprint) || isUnchangedOrTighter(inForce.get(next.definition.key), next);
  return {
    enforce: agents.filter(isAllowed),
    absent: [...inForce.keys()].filter((key) => !present.has(key)),
    pending: agents
      .filter((next) => !isAllowed(next))
      .map((next) => toPending(folder, inForce.get(next.definition.key), next)),
  };
}

function isUnchangedOrTighter(current: FingerprintedDefinition | undefined, next: FingerprintedDefinition): boolean {
  if (current === undefined) return false;
  if (current.fingerprint === next.fingerprint) return true;
  return hasSameFiles(current.fingerprint, next.fingerprint) && isTightening(current.definition, next.definition);
}

function toPending(
  folder: string,
  current: FingerprintedDefinition | undefined,
  next: FingerprintedDefinition,
): PendingConsent {
  const onlyFilesChanged = current !== undefined && isTightening(current.definition, next.definition);
  const note = onlyFilesChanged ? '; the content of a file that it runs has changed' : '';
  return {
    agent: next.definition.key,
    hash: next.fingerprint,
    before: current === undefined ? null : describeDefinition(current.definition, folder, current.fingerprint),
    after: describeDefinition(next.definition, folder, next.fingerprint),
    summary: summarizeDefinition(next.definition, folder) + note,
  };
}
