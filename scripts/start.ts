/**
 * `npm start`: a real VS Code with the extension on a copy of examples/workshop, and an agent that is woken from here.
 *
 *   --once          ends after the agent's run; its success is the exit code
 *   --agent NAME    which one to wake (default: surveyor)
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { rmSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { chooseHost, thisMachine } from './host/desktop.ts';
import { killProcessesWith } from './host/processesWith.ts';
import { startVsCodeHost } from './host/vsCodeHost.ts';
import { copyWorkshop } from './host/workspaceCopy.ts';
import { root, runNode } from './testing/command.ts';

/** A VS Code that shows the workspace. */
interface OpenEditor {
  readonly whereToLook: string;
  /** Resolves when the person has closed it; a server never ends by itself. */
  readonly closed: Promise<void>;
  close(): Promise<void>;
}

const { values: options } = parseArgs({
  options: { once: { type: 'boolean' }, agent: { type: 'string', default: 'surveyor' } },
});

const say = (text: string) => process.stdout.write(`${text}\n`);

async function build(): Promise<void> {
  const { exitCode, output } = await runNode(['esbuild.mjs'], { output: 'capture' });
  if (exitCode !== 0) throw new Error(`The build failed:\n${output}`);
}

async function openServer(workspace: string, dataFolder: string): Promise<OpenEditor> {
  const host = await startVsCodeHost({ workspace, trust: true, extensionDevelopmentPath: root, dataFolder });
  return {
    whereToLook: `Open this in a browser on this machine (VS Code, with Reveille in the activity bar):\n\n  ${host.url}\n`,
    closed: new Promise(() => undefined),
    close: () => host.dispose(),
  };
}

function openDesktop(executable: string, workspace: string, dataFolder: string, stateHome: string): OpenEditor {
  const folders = [`--user-data-dir=${path.join(dataFolder, 'user-data')}`];
  folders.push(`--extensions-dir=${path.join(dataFolder, 'extensions')}`);
  const editor: ChildProcess = spawn(
    executable,
    [workspace, `--extensionDevelopmentPath=${root}`, ...folders, '--disable-workspace-trust', '--skip-welcome'],
    { stdio: 'ignore', env: { ...process.env, REVEILLE_STATE_HOME: stateHome } },
  );
  const closed = new Promise<void>((resolve, reject) => {
    editor.once('exit', () => resolve());
    editor.once('error', (error) =>
      reject(new Error(`VS Code could not be started (${executable}): ${error.message}`)),
    );
  });
  return {
    whereToLook: 'VS Code has opened; Reveille is in its activity bar.\n',
    closed,
    close: () => {
      editor.kill();
      return Promise.resolve();
    },
  };
}

async function openEditor(workspace: string, dataFolder: string, stateHome: string): Promise<OpenEditor> {
  const choice = chooseHost(thisMachine());
  if (choice.kind === 'server') return openServer(workspace, dataFolder);
  if (choice.executable !== undefined) return openDesktop(choice.executable, workspace, dataFolder, stateHome);
  throw new Error('No VS Code was found. Install it, with its command `code` on the PATH, then try again.');
}

/** The product's own command line, built into dist/. */
async function reveille(stateHome: string, workspace: string, ...args: readonly string[]): Promise<number> {
  const { exitCode } = await runNode([path.join(root, 'dist/cli.js'), ...args, '--folder', workspace], {
    output: 'inherit',
    env: { REVEILLE_STATE_HOME: stateHome },
  });
  return exitCode ?? 1;
}

async function acceptAndWake(stateHome: string, workspace: string): Promise<number> {
  say('Accepting the configuration of this example on your behalf. This is what it may execute:\n');
  const accepted = await reveille(stateHome, workspace, 'accept');
  if (accepted !== 0) throw new Error('The configuration of the example could not be accepted; see above.');
  say(`\nWaking ${options.agent}:\n`);
  return reveille(stateHome, workspace, 'wake', options.agent, '--follow');
}

function interrupted(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => resolve());
  });
}

async function run(workspace: string): Promise<number> {
  const dataFolder = path.join(path.dirname(workspace), 'vscode');
  const stateHome = path.join(dataFolder, 'state', 'reveille');
  const end = interrupted();
  const editor = await openEditor(workspace, dataFolder, stateHome);
  try {
    say(`The workspace is ${workspace}.\n${editor.whereToLook}`);
    const outcome = await Promise.race([acceptAndWake(stateHome, workspace), end.then(() => 130)]);
    say(
      `\nWhat it wrote is in ${path.join(workspace, 'reports')}; the run is in the Runs view, its transcript in Output.`,
    );
    if (options.once || outcome === 130) return outcome;
    say('\nThis stays until you press Ctrl+C.');
    await Promise.race([end, editor.closed]);
    return 0;
  } finally {
    await reveille(stateHome, workspace, 'stop-runtime');
    await editor.close();
    killProcessesWith(`REVEILLE_STATE_HOME=${stateHome}\0`);
  }
}

say('Building …');
const workspace = copyWorkshop();
try {
  await build();
  process.exitCode = await run(workspace);
} catch (error) {
  process.stderr.write(`\n${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
} finally {
  rmSync(path.dirname(workspace), { recursive: true, force: true, maxRetries: 5 });
}
process.exit();
