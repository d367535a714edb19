import type { FolderState } from '../connection/folderState.ts';
import type { Translate } from '../format.ts';
import type { SecretNeed } from '../runtime/model.ts';
import { factList, treeNode, type TreeNode } from './treeNode.ts';

/** The names of the secrets that an agent needs and nobody has brought, sorted. */
export function missingSecrets({ runtime }: Pick<FolderState, 'runtime'>, agent: string): string[] {
  return secretsOf(runtime, agent)
    .filter(({ isSet }) => !isSet)
    .map(({ name }) => name);
}

/** The secrets that an agent needs, and which of them are there; null if it needs none. */
export function secretsText({ runtime }: Pick<FolderState, 'runtime'>, agent: string, t: Translate): string | null {
  const needs = secretsOf(runtime, agent);
  if (needs.length === 0) return null;
  return needs.map(({ name, isSet }) => (isSet ? t('{0} (set)', name) : t('{0} (missing)', name))).join(', ');
}

/** The rows of the Inbox for secrets that somebody has to set before agents can run. */
export function secretRows(folder: string, { runtime }: Pick<FolderState, 'runtime'>, t: Translate): TreeNode[] {
  return runtime.secrets
    .filter(({ isSet }) => !isSet)
    .map(({ name, agents }) =>
      treeNode({
        id: `secret:${folder}:${name}`,
        label: t('Set the secret {0}', name),
        description: agents.join(', '),
        tooltip: factList(name, [
          [t('Needed by'), agents.join(', ')],
          [t('Until then'), t('their wakes wait')],
        ]),
        icon: { id: 'key', color: 'charts.yellow' },
        flags: 'secret',
        subject: { kind: 'secret', folder, secret: name },
        command: 'reveille.secret.set',
      }),
    );
}

/** How many secrets somebody has to set. */
export function countMissingSecrets({ runtime }: Pick<FolderState, 'runtime'>): number {
  return runtime.secrets.filter(({ isSet }) => !isSet).length;
}

function secretsOf({ secrets }: FolderState['runtime'], agent: string): SecretNeed[] {
  return secrets.filter(({ agents }) => agents.includes(agent));
}
