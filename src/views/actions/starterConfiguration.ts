import type { Translate } from '../../format.ts';

/** The first configuration of a folder: one agent that only says hello, and what else can be said, in comments. */
export function starterConfiguration(name: string, t: Translate): string {
  const lines = [
    `# ${t('The agents of this folder. Nothing here runs before you have accepted it.')}`,
    'org:',
    `  name: ${JSON.stringify(name.trim() === '' ? t('My workspace') : name)}`,
    '',
    'agents:',
    '  greeter:',
    `    role: ${JSON.stringify(t('Says good morning'))}`,
    '    adapter: process',
    `    # ${t('A line for the system shell. Replace it with the program of your agent.')}`,
    '    shell: true',
    '    command: echo Good morning from Reveille',
    `    # ${t('Longest run, in seconds, and how long it may take to end politely.')}`,
    '    timeoutSec: 60',
    '    graceSec: 5',
    '    heartbeat:',
    `      # ${t('Set this to true to wake the agent on a schedule.')}`,
    '      enabled: false',
    '      intervalSec: 3600',
    `      # ${t('Or a time of day instead of an interval:')} cron: "0 9 * * 1-5"`,
    '      wakeOnAssignment: true',
    '      wakeOnOnDemand: true',
    '',
  ];
  return lines.join('\n');
}
