import { fromSnapshot } from '../../src/connection/folderState.ts';
import type { ConnectionStatus } from '../../src/connection/connection.ts';
import type {
  Agent,
  ConfigurationState,
  Issue,
  PendingConsent,
  Question,
  Run,
  RuntimeState,
} from '../../src/runtime/model.ts';
import type { ViewedFolder } from '../../src/views/folderLevel.ts';
import { sampleSnapshot } from '../support/sampleState.ts';

/** What differs from a connected folder with an empty, valid configuration. */
export interface FolderParts {
  readonly name?: string;
  readonly status?: ConnectionStatus;
  readonly agents?: Agent[];
  readonly runs?: Run[];
  readonly issues?: Issue[];
  readonly questions?: Question[];
  readonly pending?: PendingConsent[];
  readonly configuration?: Partial<ConfigurationState>;
  readonly runtime?: Partial<RuntimeState>;
}

/** A folder as a view sees it. */
export function viewedFolder(parts: FolderParts = {}): ViewedFolder {
  const snapshot = sampleSnapshot();
  const name = parts.name ?? 'workshop';
  const configuration: ConfigurationState = {
    ...snapshot.configuration,
    pending: parts.pending ?? [],
    ...parts.configuration,
  };
  const state = fromSnapshot({
    ...snapshot,
    agents: parts.agents ?? [],
    runs: parts.runs ?? [],
    issues: parts.issues ?? [],
    questions: parts.questions ?? [],
    configuration: { ...configuration, problems: [...configuration.problems], pending: [...configuration.pending] },
    runtime: { ...snapshot.runtime, ...parts.runtime },
  });
  return { name, path: `/srv/${name}`, status: parts.status ?? { kind: 'connected' }, state };
}
