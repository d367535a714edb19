import type { AgentDefinition, ClaudeOptions } from '../definition.ts';
import type { Check, Finding, Probe } from './adapter.ts';
import { sortArguments } from './claudeArguments.ts';
import { claudeOptionsOf } from './claudeCommand.ts';
import { fieldsOf, textOf } from './claudeFields.ts';

/** A rule for tools: a name, and perhaps what it is limited to, in brackets. */
const toolRule = /^[A-Za-z][\w*-]*(\([^\0\n]+\))?$/;

/** What can be said of a definition of type `claude_local`, on a system where `isRoot` or not. */
export function checkClaude(definition: AgentDefinition, isRoot: boolean): Check {
  const options = claudeOptionsOf(definition);
  const findings = [
    checkRoot(options, definition, isRoot),
    checkTools(options),
    checkPermissionTool(options),
    checkArguments(definition),
  ].filter((finding) => finding !== null);
  return { findings, probes: [version, login] };
}

function checkRoot({ permissionMode }: ClaudeOptions, { args, env }: AgentDefinition, isRoot: boolean): Finding | null {
  const bypasses = permissionMode === 'bypassPermissions' || args.includes('--dangerously-skip-permissions');
  if (!bypasses || !isRoot || env['IS_SANDBOX'] === '1') return null;
  return {
    id: 'claude.root',
    level: 'error',
    text: 'claude refuses to work without permissions for root.',
    fix: 'Choose another permissionMode, work as another user, or set IS_SANDBOX: "1" in its env if this machine is a sandbox.',
  };
}

function checkTools({ tools, disallowedTools }: ClaudeOptions): Finding | null {
  const wrong = [...tools, ...disallowedTools].filter((tool) => !toolRule.test(tool));
  if (wrong.length === 0) return null;
  return {
    id: 'claude.tools',
    level: 'warning',
    text: `These are no names of tools: ${wrong.join(', ')}.`,
    fix: 'Write one tool an entry, such as Edit, "Bash(npm test:*)" or mcp__server__tool.',
  };
}

function checkPermissionTool({ permissionTool, mcpServers, projectSettings }: ClaudeOptions): Finding | null {
  if (permissionTool === null) return null;
  const server = /^mcp__(.+?)__.+$/.exec(permissionTool)?.[1];
  if (server !== undefined && (Object.hasOwn(mcpServers, server) || projectSettings)) return null;
  return {
    id: 'claude.permissionTool',
    level: 'error',
    text:
      server === undefined
        ? `permissionTool is no tool of an MCP server: ${permissionTool}.`
        : `permissionTool names the MCP server ${server}, which the agent does not have.`,
    fix: 'Write it as mcp__<server>__<tool>, and the server in mcpServers.',
  };
}

function checkArguments({ args }: AgentDefinition): Finding | null {
  const { left } = sortArguments(args);
  if (left.length === 0) return null;
  return {
    id: 'claude.args',
    level: 'warning',
    text: `These args are not passed on: ${left.join(' ')}. They would change the prompt, or what Reveille reads.`,
    fix: 'Take them out of args; what the agent is told stands in promptTemplate.',
  };
}

const version: Probe = {
  id: 'claude.version',
  args: ['--version'],
  judge: ({ exitCode, stdout, stderr }) => {
    const found = /^(\d+\.\d+\.\d+\S*) \(Claude Code\)/m.exec(stdout)?.[1];
    if (exitCode === 0 && found !== undefined) {
      return { id: 'claude.version', level: 'ok', text: `claude ${found}.`, fix: null };
    }
    const said = textOf(stderr, 300) ?? textOf(stdout, 300);
    return {
      id: 'claude.version',
      level: 'error',
      text: `It does not answer as Claude Code does${said === null ? '' : `: ${said}`}.`,
      fix: 'Install Claude Code, or let `command` of the agent name it.',
    };
  },
};

const methods: Readonly<Record<string, string>> = {
  api_key: 'by an API key',
  oauth_token: 'by a token',
  'claude.ai': 'with a subscription',
};

/** It does not ask the provider: a key that is wrong counts as a login. */
const login: Probe = {
  id: 'claude.login',
  args: ['auth', 'status'],
  judge: ({ stdout, stderr }) => {
    const { loggedIn, authMethod } = fieldsOf(parse(stdout));
    if (loggedIn === true) {
      const method = textOf(authMethod, 100) ?? '';
      const how = Object.hasOwn(methods, method) ? methods[method] : method === '' ? '' : `by ${method}`;
      return { id: 'claude.login', level: 'ok', text: `Logged in ${how ?? ''}`.trim() + '.', fix: null };
    }
    const fix = 'Run `claude auth login` in a terminal, or set ANTHROPIC_API_KEY in its env as a secret.';
    if (loggedIn === false) return { id: 'claude.login', level: 'error', text: 'Not logged in.', fix };
    const said = textOf(stderr, 300) ?? textOf(stdout, 300);
    const text = `Whether it is logged in could not be told${said === null ? '' : `: ${said}`}.`;
    return { id: 'claude.login', level: 'warning', text, fix };
  },
};

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // An older one that knows no such command answers with words.
    return null;
  }
}
