/**
 * Runs test/host/*.test.ts inside the extension host of a real VS Code: a desktop one where it can be had, the server
 * host with a headless Chromium elsewhere. Exit code 0 means that every test passed.
 */
import { renameSync, rmSync } from 'node:fs';
import path from 'node:path';
import { format, parseArgs } from 'node:util';
import { runTests } from '@vscode/test-electron';
import { root } from '../testing/command.ts';
import { grepVariable, reportPrefix } from '../testing/tally.ts';
import { buildHostSuite } from './buildHostSuite.ts';
import { chooseHost, thisMachine } from './desktop.ts';
import { remoteUri, startVsCodeHost } from './vsCodeHost.ts';
import { copyWorkshop } from './workspaceCopy.ts';

const longestMs = 5 * 60_000;
const shownChatter = 10;
const { values } = parseArgs({ options: { grep: { type: 'string' } } });

async function runInDesktop(workspace: string, suite: string, executable: string | undefined): Promise<number> {
  const state = path.join(path.dirname(workspace), 'state');
  return runTests({
    ...(executable === undefined ? { version: 'stable' } : { vscodeExecutablePath: executable }),
    extensionDevelopmentPath: root,
    extensionTestsPath: suite,
    extensionTestsEnv: { ...environment(), XDG_STATE_HOME: state, REVEILLE_STATE_HOME: path.join(state, 'reveille') },
    launchArgs: [workspace, '--disable-extensions', '--disable-workspace-trust', '--skip-welcome'],
  });
}

function environment(): Record<string, string> {
  return values.grep === undefined ? {} : { [grepVariable]: values.grep };
}

async function runInServer(workspace: string, suite: string): Promise<number> {
  await using host = await startVsCodeHost({
    workspace,
    trust: true,
    extensionDevelopmentPath: root,
    env: environment(),
  });
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => void host.dispose().finally(() => process.exit(1)));
  }
  const chatter: string[] = [];
  const { promise: exit, resolve, reject } = Promise.withResolvers<number>();
  const deadline = setTimeout(() => reject(new Error('The host suite took too long.')), longestMs);
  await host.openWindow({
    payload: [['extensionTestsPath', remoteUri(host.server, suite)]],
    prepare: async (page) => {
      await page.exposeFunction('codeAutomationLog', (type: string, args: unknown[]) => {
        const line = format(...args);
        if (line.startsWith(reportPrefix)) process.stdout.write(`${line.slice(reportPrefix.length)}\n`);
        else chatter.push(`${type}: ${line}`);
      });
      await page.exposeFunction('codeAutomationExit', (code: number) => resolve(code));
      page.once('crash', () => reject(new Error('The browser tab of the host crashed.')));
    },
  });
  const code = await exit.finally(() => clearTimeout(deadline));
  if (code !== 0) process.stdout.write(`\nThe workbench said last:\n${chatter.slice(-shownChatter).join('\n')}\n`);
  return code;
}

const workspace = copyWorkshop();
// Test/host/laterConfiguration.ts brings it back: before that, nothing makes the extension activate.
renameSync(path.join(workspace, '.reveille/reveille.yaml'), path.join(workspace, '.reveille/later.yaml'));
try {
  const suite = await buildHostSuite();
  const choice = chooseHost(thisMachine());
  process.exitCode =
    choice.kind === 'desktop'
      ? await runInDesktop(workspace, suite, choice.executable)
      : await runInServer(workspace, suite);
} finally {
  rmSync(path.dirname(workspace), { recursive: true, force: true, maxRetries: 5 });
}
