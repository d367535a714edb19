/** Flags of claude 2.1.329 that take no value: what follows one of them would be a prompt. */
const valueless: ReadonlySet<string> = new Set([
  '--allow-dangerously-skip-permissions',
  '--ax-screen-reader',
  '--bare',
  '--brief',
  '--chrome',
  '--dangerously-skip-permissions',
  '--disable-slash-commands',
  '--exclude-dynamic-system-prompt-sections',
  '--fork-session',
  '--forward-subagent-text',
  '--ide',
  '--include-hook-events',
  '--include-partial-messages',
  '--no-chrome',
  '--no-session-persistence',
  '--replay-user-messages',
  '--restricted',
  '--safe-mode',
  '--strict-mcp-config',
  '--verbose',
]);

/** Flags that are Reveille's: with another value its run could not be read, or would be another conversation. */
const reserved: ReadonlySet<string> = new Set([
  '--',
  '--background',
  '--bg',
  '--cloud',
  '--continue',
  '--desktop',
  '--from-pr',
  '--help',
  '--input-format',
  '--output-format',
  '--print',
  '--remote-control',
  '--resume',
  '--session-id',
  '--teleport',
  '--tmux',
  '--version',
  '-c',
  '-h',
  '-p',
  '-r',
  '-v',
]);

/** The arguments of a definition, apart: those that claude gets, and those that it must not get. */
export interface SortedArguments {
  readonly passed: readonly string[];
  /** Words that would become a part of the prompt, and flags that are Reveille's, with their values. */
  readonly left: readonly string[];
}

/**
 * Leaves out of further arguments what claude would not take for a flag or its value: a prompt comes from Reveille alone, on
 * standard input. A flag that is not known is taken for one with values.
 */
export function sortArguments(args: readonly string[]): SortedArguments {
  const passed: string[] = [];
  const left: string[] = [];
  let target = left;
  for (const argument of args) {
    if (argument.startsWith('-') && argument !== '-') {
      const [flag = ''] = argument.split('=', 1);
      const isReserved = reserved.has(flag);
      (isReserved ? left : passed).push(argument);
      // After "--" everything is a prompt, whatever it looks like.
      if (argument === '--') return { passed, left: [...left, ...args.slice(args.indexOf('--') + 1)] };
      target = isReserved || valueless.has(flag) || argument.includes('=') ? left : passed;
    } else {
      target.push(argument);
    }
  }
  return { passed, left };
}
