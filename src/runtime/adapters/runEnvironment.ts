import type { AgentDefinition } from '../definition.ts';
import type { RunRequest } from './adapter.ts';
import { layerEnvironments } from './environmentLayers.ts';

const reservedPrefix = 'REVEILLE_';

/**
 * The whole environment of a run's program, on any adapter: the machine's base, what the definition names (its secrets with
 * their values), and the facts of the run, which nobody else can set.
 */
export function toRunEnvironment(
  platform: NodeJS.Platform,
  definition: AgentDefinition,
  request: RunRequest,
): Record<string, string> {
  return layerEnvironments(platform, [
    request.baseEnvironment,
    withoutReserved(definition.env),
    withoutReserved(revealSecrets(definition, request)),
    withoutNulls(describeRun(request)),
  ]);
}

function revealSecrets({ secretEnv }: AgentDefinition, { secrets }: RunRequest): Record<string, string> {
  const known = Object.entries(secretEnv).filter(([, name]) => Object.hasOwn(secrets, name));
  return withoutNulls(Object.fromEntries(known.map(([variable, name]) => [variable, secrets[name] ?? ''])));
}

function describeRun(request: RunRequest): Record<string, string> {
  const { issue } = request;
  return {
    REVEILLE_RUN_ID: request.runId,
    REVEILLE_AGENT: request.agentKey,
    REVEILLE_TASK_KEY: request.taskKey,
    REVEILLE_SESSION_RUN: String(request.sessionRun),
    REVEILLE_WAKE_SOURCE: request.source,
    REVEILLE_WAKE_REASON: request.reason,
    REVEILLE_WORKSPACE: request.workspaceFolder,
    ...(issue !== null && {
      REVEILLE_ISSUE_ID: issue.id,
      REVEILLE_ISSUE_NUMBER: String(issue.number),
      REVEILLE_ISSUE_TITLE: issue.title,
    }),
  };
}

/** A definition cannot speak for Reveille, not even where Reveille says nothing. */
function withoutReserved(env: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !name.toUpperCase().startsWith(reservedPrefix)));
}

/** No system can pass a NUL in its environment; a pasted title may hold one. */
function withoutNulls(env: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(env).map(([name, value]) => [name, value.replaceAll('\0', '')]));
}
