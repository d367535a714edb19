import type { AgentDefinition, CodexOptions } from '../definition.ts';
import type { ProcessPlan, RunRequest } from './adapter.ts';
import { describeServers } from './codexServers.ts';
import { codexSession } from './codexSession.ts';
import { withoutProjectTrust } from './codexTrust.ts';
import { layerEnvironments } from './environmentLayers.ts';
import { toFile } from './process.ts';
import { toRunEnvironment } from './runEnvironment.ts';
import { tomlString } from './tomlText.ts';

const builtIn: CodexOptions = { model: null, effort: null, sandbox: 'workspace-write', mcpServers: {} };

/**
 * `codex exec`, which reads the prompt from its standard input. Flags come before `resume`: after it they are rejected (seen in
 * 0.169.0). `--skip-git-repo-check`: whether the agent may work in its folder is for Reveille's consent to say.
 * @throws UserError for servers of tools that cannot be given their secrets
 */
export function planCodex(platform: NodeJS.Platform, definition: AgentDefinition, request: RunRequest): ProcessPlan {
  const { model, effort, sandbox } = definition.codex ?? builtIn;
  const servers = describeServers(definition, request.secrets);
  const session = codexSession.parse(request.session);
  return {
    kind: 'process',
    file: toFile(platform, definition, request),
    args: [
      ...['exec', '--json', '--skip-git-repo-check', '-s', sandbox, '-C', definition.cwd],
      ...(model === null ? [] : ['-m', model]),
      ...(effort === null ? [] : ['-c', `model_reasoning_effort=${tomlString(effort)}`]),
      ...servers.overrides.flatMap((override) => ['-c', override]),
      // Before the agent's own arguments, which may say otherwise.
      ...['-c', withoutProjectTrust(platform, [definition.cwd, request.workspaceFolder])],
      ...definition.args,
      ...(session === null ? [] : ['resume', codexSession.displayId(session)]),
      '-',
    ],
    shell: false,
    cwd: definition.cwd,
    env: layerEnvironments(platform, [toRunEnvironment(platform, definition, request), servers.env]),
    stdin: request.prompt,
  };
}
