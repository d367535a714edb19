import type { Translate } from '../format.ts';
import type { ConfigurationProblem } from '../runtime/model.ts';
import type { ViewedFolder } from './folderLevel.ts';

/** The mistakes of one configuration file. */
export interface FileProblems {
  /** Absolute path. */
  readonly path: string;
  readonly problems: readonly ConfigurationProblem[];
}

/** The configuration files that could not be read, with what is wrong. A folder that is not connected keeps its last word. */
export function configurationProblems(folders: readonly ViewedFolder[]): FileProblems[] {
  return folders.flatMap(({ state }) =>
    state?.configuration.status === 'invalid'
      ? [{ path: state.configuration.path, problems: state.configuration.problems }]
      : [],
  );
}

/** What stands above the agents and keeps them all from working as their file says. Null when all is well. */
export function agentsMessage(folders: readonly ViewedFolder[], isTrusted: boolean, t: Translate): string | null {
  const hasAgents = folders.some(({ state }) => (state?.agents.size ?? 0) > 0);
  const restricted =
    hasAgents && !isTrusted ? t('Restricted Mode: no agent starts before you trust this workspace.') : null;
  const sentences = [
    lostSentence(folders, t),
    restricted,
    stoppedSentence(folders, t),
    problemsSentence(folders, t),
  ].filter((text) => text !== null);
  return sentences.length === 0 ? null : sentences.join(' ');
}

/** What is shown of a folder that is not connected is the last that was heard. */
function lostSentence(folders: readonly ViewedFolder[], t: Translate): string | null {
  return folders.some(({ status, state }) => status.kind === 'failed' && state !== null)
    ? t('Not connected: this is what was last known.')
    : null;
}

/** Said once above the rows, not in each of them. */
function stoppedSentence(folders: readonly ViewedFolder[], t: Translate): string | null {
  const stopped = folders.filter(({ state }) => state?.runtime.isStopped === true);
  return stopped.some(({ state }) => (state?.agents.size ?? 0) > 0)
    ? t('Everything is stopped. All wakes are held until you release them.')
    : null;
}

/** Null also without an agent: then the welcome text says it. */
function problemsSentence(folders: readonly ViewedFolder[], t: Translate): string | null {
  const invalid = folders.filter(({ state }) => state?.configuration.status === 'invalid' && state.agents.size > 0);
  if (invalid.length === 0) return null;
  return t('The configuration has a mistake (see Problems). The last good definitions stay in force.');
}
