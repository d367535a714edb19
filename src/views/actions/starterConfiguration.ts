import type { Translate } from '../../format.ts';
import type { AdapterType } from '../../runtime/definition.ts';

/** What a starter configuration can begin with, in the order in which it is offered. */
export const starterAdapters = [
  'claude_local',
  'codex_local',
  'process',
  'http',
] as const satisfies readonly AdapterType[];

/**
 * The first configuration of a folder: an agent of each of these adapters, that wakes only when asked, and what else can be said, in
 * comments. A comment of the form `# field: value` is valid once its `#` is taken away.
 */
export function starterConfiguration(name: string, adapters: readonly AdapterType[], t: Translate): string {
  const chosen = starterAdapters.filter((adapter) => adapters.includes(adapter));
  const lines = [
    `# ${t('The agents of this folder. Nothing here runs before you have accepted it.')}`,
    'org:',
    `  name: ${JSON.stringify(name.trim() === '' ? t('My workspace') : name)}`,
    '',
    'agents:',
    ...(chosen.length === 0 ? (['process'] as const) : chosen).flatMap((adapter, index) => [
      ...(index === 0 ? [] : ['']),
      ...sections[adapter](t),
      ...schedule(t),
    ]),
    '',
  ];
  return lines.join('\n');
}

const sections: Readonly<Record<AdapterType, (t: Translate) => string[]>> = {
  claude_local: (t) => [
    '  claude:',
    `    role: ${JSON.stringify(t('Works on issues with Claude Code'))}`,
    '    adapter: claude_local',
    `    # ${t('What it may do without asking; whatever else would need a question is refused.')}`,
    '    permissionMode: acceptEdits',
    "    tools: ['Bash(npm test:*)']",
    `    # ${t('Most calls of the model in a run.')}`,
    '    maxTurns: 60',
    '    # model: sonnet',
    `    # ${t('It uses the login of “claude”. For a key of its own, name a secret, and set it with “Reveille: Set Secret…”.')}`,
    '    # env: { ANTHROPIC_API_KEY: { secret: ANTHROPIC_API_KEY } }',
  ],
  codex_local: (t) => [
    '  codex:',
    `    role: ${JSON.stringify(t('Works on issues with Codex'))}`,
    '    adapter: codex_local',
    `    # ${t('What its commands may touch: read-only, workspace-write or danger-full-access. It uses the login of “codex”.')}`,
    '    sandbox: workspace-write',
    '    # model: gpt-5',
    '    # effort: high',
  ],
  process: (t) => [
    '  greeter:',
    `    role: ${JSON.stringify(t('Says good morning'))}`,
    '    adapter: process',
    `    # ${t('A line for the system shell. Replace it with the program of your agent.')}`,
    '    shell: true',
    '    command: echo Good morning from Reveille',
    `    # ${t('With this, lines of JSON tell progress, usage and questions.')}`,
    '    # protocol: jsonl',
    `    # ${t('Longest run, in seconds, and how long it may take to end politely.')}`,
    '    timeoutSec: 60',
    '    graceSec: 5',
  ],
  http: (t) => [
    '  remote:',
    `    role: ${JSON.stringify(t('Works on a server'))}`,
    '    adapter: http',
    `    # ${t('Where a run is posted. Replace it with the address of your server.')}`,
    '    url: https://agents.example.com/runs',
    `    # ${t('Headers hold secrets by name; set them with “Reveille: Set Secret…”.')}`,
    '    # headers: { Authorization: { secret: REMOTE_AUTHORIZATION } }',
  ],
};

function schedule(t: Translate): string[] {
  return [
    '    heartbeat:',
    `      # ${t('Set this to true to wake the agent on a schedule.')}`,
    '      enabled: false',
    '      intervalSec: 3600',
    `      # ${t('Or a time of day instead of an interval:')} cron: "0 9 * * 1-5"`,
    '      wakeOnAssignment: true',
    '      wakeOnOnDemand: true',
  ];
}
