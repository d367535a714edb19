import type { AgentDefinition } from '../definition.ts';

/** Where a variable of a run's environment comes from. */
export type EnvironmentOrigin = 'base' | 'definition' | 'secret' | 'reveille' | 'adapter';

/** A variable of a run's environment, without its value. */
export interface EnvironmentEntry {
  readonly name: string;
  readonly from: EnvironmentOrigin;
}

/**
 * What a program is started with, by name and origin, in the order of the names; never a value.
 * @param passed the whole environment of its plan
 * @param base what every run of this machine gets; a variable of it that has another value now is the adapter's
 */
export function describeEnvironment(
  platform: NodeJS.Platform,
  { env, secretEnv }: Pick<AgentDefinition, 'env' | 'secretEnv'>,
  passed: Readonly<Record<string, string>>,
  base: Readonly<Record<string, string>>,
): EnvironmentEntry[] {
  const toKey = (name: string): string => (platform === 'win32' ? name.toUpperCase() : name);
  const keysOf = (names: Readonly<Record<string, string>>): Set<string> => new Set(Object.keys(names).map(toKey));
  const secrets = keysOf(secretEnv);
  const named = keysOf(env);
  const inherited = new Map(Object.entries(base).map(([name, value]) => [toKey(name), value]));
  const originOf = (name: string, value: string): EnvironmentOrigin => {
    const key = toKey(name);
    if (key.startsWith('REVEILLE_')) return 'reveille';
    if (secrets.has(key)) return 'secret';
    if (named.has(key)) return 'definition';
    return inherited.get(key) === value ? 'base' : 'adapter';
  };
  return Object.entries(passed)
    .map(([name, value]) => ({ name, from: originOf(name, value) }))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}
