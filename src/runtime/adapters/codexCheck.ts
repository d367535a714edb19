import type { AgentDefinition } from '../definition.ts';
import type { Check, Finding, Probe } from './adapter.ts';
import { clashFix, clashText, findClashes } from './codexServers.ts';
import { cut } from './jsonLines.ts';

/** What can be said about an agent of type `codex_local`, and what its program is asked. */
export function checkCodex(definition: AgentDefinition): Check {
  return { findings: [...checkServers(definition), ...checkSandbox(definition)], probes: [version, login] };
}

function checkServers(definition: AgentDefinition): Finding[] {
  return findClashes(definition).map((clash) => ({
    id: 'codex.servers',
    level: 'error',
    text: clashText(clash),
    fix: clashFix,
  }));
}

function checkSandbox({ codex, args }: AgentDefinition): Finding[] {
  const findings: Finding[] = [];
  const isBypassed = args.some((argument) => argument.startsWith('--dangerously-bypass-approvals'));
  if (codex?.sandbox === 'danger-full-access' || isBypassed) {
    findings.push({
      id: 'codex.sandbox',
      level: 'warning',
      text: 'Its commands may read, change and delete whatever you may, and use the network.',
      fix: 'Set sandbox to workspace-write, unless it runs in a container or machine of its own.',
    });
  }
  if (args.includes('--ephemeral')) {
    findings.push({
      id: 'codex.ephemeral',
      level: 'warning',
      text: 'With --ephemeral nothing is kept of its conversations: each run begins anew, and what a killed run used is unknown.',
      fix: 'Remove --ephemeral from its args.',
    });
  }
  return findings;
}

const version: Probe = {
  id: 'codex.version',
  args: ['--version'],
  judge: ({ exitCode, stdout }) => {
    const name = /^codex[\w -]* \d[\w.+-]*/m.exec(stdout)?.[0];
    if (exitCode === 0 && name !== undefined) {
      return { id: 'codex.version', level: 'ok', text: cut(name, 100), fix: null };
    }
    return {
      id: 'codex.version',
      level: 'error',
      text: 'Its command is not Codex, or does not work.',
      fix: 'Install it with "npm install -g @openai/codex", or set command to where it is.',
    };
  },
};

/** Codex knows only its own login here: providers with keys of their own work without one. */
const login: Probe = {
  id: 'codex.login',
  args: ['login', 'status'],
  judge: ({ exitCode, stdout, stderr }) => {
    if (exitCode === 0) {
      const how = /api key/i.test(stdout + stderr)
        ? ' with an API key'
        : /chatgpt/i.test(stdout + stderr)
          ? ' with ChatGPT'
          : '';
      return { id: 'codex.login', level: 'ok', text: `Codex is logged in${how}.`, fix: null };
    }
    return {
      id: 'codex.login',
      level: 'warning',
      text: 'Codex is not logged in. Only a model provider of your Codex configuration that has a key of its own works without.',
      fix: 'Run "codex login" in a terminal.',
    };
  },
};
