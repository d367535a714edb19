import * as path from 'node:path';
import type { FolderIdentity } from '../endpoint/folderIdentity.ts';
import { Registry } from '../endpoint/registry.ts';
import type { Clock } from './clock.ts';
import type { Definitions } from './definitions.ts';
import type { Engine } from './engine.ts';
import type { Actor, Audit } from './governance/audit.ts';
import type { AuditHead } from './governance/auditHead.ts';
import type { AuditKeys } from './governance/auditKeys.ts';
import { activityRequests } from './requests/activityRequests.ts';
import { agentRequests } from './requests/agentRequests.ts';
import { withinAgentRights } from './requests/agentRights.ts';
import { withoutSecretsOfAgents } from './requests/agentWords.ts';
import { changeRequests } from './requests/changeRequests.ts';
import { deletionRequests } from './requests/deletionRequests.ts';
import { diagnosticsRequests } from './requests/diagnosticsRequests.ts';
import { doctorRequests } from './requests/doctorRequests.ts';
import { folderRequests } from './requests/folderRequests.ts';
import { heartbeatRequests } from './requests/heartbeatRequests.ts';
import { issueRequests } from './requests/issueRequests.ts';
import { issueTieRequests } from './requests/issueTieRequests.ts';
import { questionRequests } from './requests/questionRequests.ts';
import { queueRequests } from './requests/queueRequests.ts';
import { runRequests } from './requests/runRequests.ts';
import { onlyWhileServing } from './requests/serving.ts';
import { simulationRequests } from './requests/simulationRequests.ts';
import { secretRequests } from './requests/secretRequests.ts';
import { sessionRequests } from './requests/sessionRequests.ts';
import { stateRequests } from './requests/stateRequests.ts';
import { usageRequests } from './requests/usageRequests.ts';
import { whyRequests } from './requests/whyRequests.ts';
import type { SecretDesk } from './secretDesk.ts';
import type { RequestHandlers } from './server.ts';
import { StateTransfer } from './stateTransfer.ts';
import type { StateWriter } from './store/stateWriter.ts';
import type { Store } from './store/store.ts';

/** What the requests of clients are answered with. */
export interface HandlerParts {
  readonly folder: FolderIdentity;
  readonly storePath: string;
  /** The user's registry directory. */
  readonly stateDirectory: string;
  readonly wasmPath: string;
  /** Of Reveille. */
  readonly version: string;
  readonly clock: Clock;
  readonly store: Store;
  readonly state: StateWriter;
  readonly audit: Audit;
  readonly auditKeys: AuditKeys;
  readonly auditHead: AuditHead;
  readonly definitions: Definitions;
  readonly engine: Engine;
  readonly secrets: SecretDesk;
  /** What concerns the runtime as a whole. */
  readonly control: Omit<Parameters<typeof folderRequests>[0], 'acceptDefinitions' | 'reloadConfiguration'>;
  /** Throws once the state is given up. */
  readonly assertServing: () => void;
  /** Ends the runtime, and has `work` do something with the closed state before that is answered. */
  readonly surrender: <T>(reason: string, by: Actor, work: () => Promise<T>) => Promise<T>;
}

/** The handlers of all requests, by subject. */
export function makeHandlers(parts: HandlerParts): RequestHandlers {
  const { store, state, audit, clock, engine, definitions, storePath, stateDirectory } = parts;
  const { queue, desk, dispatcher, executor } = engine;
  const logsDirectory = path.join(storePath, 'logs');
  const shared = { store, state, queue, desk, clock, audit };
  const facts = () => engine.facts;
  const reloadConfiguration = () => definitions.reload();
  const handlers = {
    ...agentRequests({ ...shared, dispatcher, cancel: (runId, cause) => void executor.cancel(runId, cause) }),
    ...issueRequests(shared),
    ...issueTieRequests(shared),
    ...sessionRequests({ ...shared, folder: parts.folder.path }),
    ...usageRequests(shared),
    ...heartbeatRequests(shared),
    ...diagnosticsRequests(shared),
    ...secretRequests(parts),
    ...changeRequests({ store, audit, changes: engine.changes }),
    ...runRequests({ ...shared, executor, logsDirectory }),
    ...queueRequests(shared),
    ...questionRequests({ store, questions: engine.questions }),
    ...simulationRequests({ store, clock, slots: engine.slots, facts }),
    ...doctorRequests({
      store,
      doctor: engine.doctor,
      isConsented: (agent) => definitions.isConsented(agent),
      isStopped: () => facts().isStopped,
    }),
    ...whyRequests({
      store,
      clock,
      facts,
      isConsented: (agent) => definitions.isConsented(agent),
      missingSecrets: (agent) => parts.secrets.missingFor(agent),
    }),
    ...activityRequests({
      store,
      keys: parts.auditKeys,
      head: parts.auditHead,
      ownDirectories: [storePath, stateDirectory],
    }),
    ...deletionRequests({
      ...shared,
      logsDirectory,
      reloadConfiguration: () => {
        engine.refresh();
        return definitions.reload();
      },
    }),
    ...makeStateRequests(parts),
    ...folderRequests({
      ...parts.control,
      acceptDefinitions: (hashes, by) => definitions.accept(hashes, by),
      reloadConfiguration,
    }),
  };
  const discreet = withoutSecretsOfAgents(handlers, parts);
  return onlyWhileServing(withinAgentRights(discreet, store), parts.assertServing);
}

function makeStateRequests(parts: HandlerParts): ReturnType<typeof stateRequests> {
  const { folder, storePath, stateDirectory, wasmPath, clock, store, audit, definitions, version, surrender } = parts;
  const registry = Registry.open(stateDirectory);
  const transfer = new StateTransfer({ folder, storePath, stateDirectory, registry, wasmPath, clock });
  return stateRequests({
    store,
    storePath,
    wasmPath,
    audit,
    clock,
    exporter: { version, folder: folder.path, org: () => definitions.state.org },
    restore: async (backup, by) => {
      const former = await store.backUp();
      return surrender('A backup is restored.', by, () => transfer.restore(backup, former));
    },
    adopt: (entryId, by) => {
      transfer.assertAdoptable(entryId);
      return surrender('Another state is adopted.', by, () => transfer.adopt(entryId));
    },
    deleteAll: (by) => surrender('Its state is deleted.', by, () => transfer.deleteAll()),
  });
}
