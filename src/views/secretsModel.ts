import type { FolderState } from '../connection/folderState.ts';

/** The names of the secrets that an agent needs and nobody has brought, sorted. */
export function missingSecrets({ runtime }: Pick<FolderState, 'runtime'>, agent: string): string[] {
  return runtime.secrets.filter(({ agents, isSet }) => !isSet && agents.includes(agent)).map(({ name }) => name);
}
