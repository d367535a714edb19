import { unscopedSession, wakeSources } from '../model.ts';

const sources: ReadonlySet<string> = new Set(wakeSources);

/**
 * What the session of a scope is kept under: its task key, where that names a task, an issue or a named heartbeat; scopes that
 * only say what woke the agent (see `taskKeyOf`) have one session in common.
 */
export function sessionKeyOf(taskKey: string): string {
  return sources.has(taskKey) || taskKey.startsWith('schedule:') ? unscopedSession : taskKey;
}
