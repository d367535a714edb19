import { toFile } from '../adapters/process.ts';
import type { AdapterType, AgentDefinition } from '../definition.ts';

/** With what a person goes on with a conversation in a terminal. */
export interface Continuation {
  /** A name, or an absolute path. */
  readonly program: string;
  readonly env: Readonly<Record<string, string>>;
}

/** Where programs look for their conversations. */
const placeVariables: Partial<Record<AdapterType, string>> = {
  claude_local: 'CLAUDE_CONFIG_DIR',
  codex_local: 'CODEX_HOME',
};

/**
 * With what a person goes on with a conversation of an agent; null where its adapter has no program for that. Of its environment only
 * what the program needs to find the conversation, and that only where the configuration says it in plain: never a secret.
 */
export function continuationOf(
  definition: Pick<AgentDefinition, 'adapter' | 'command' | 'env'>,
  workspaceFolder: string,
  platform: NodeJS.Platform = process.platform,
): Continuation | null {
  const variable = placeVariables[definition.adapter];
  if (variable === undefined) return null;
  const place = definition.env[variable];
  return {
    program: toFile(platform, definition, { workspaceFolder }),
    env: place === undefined ? {} : { [variable]: place },
  };
}
