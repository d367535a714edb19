import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import os from 'node:os';
import path from 'node:path';
import { cruise, type IConfiguration, type ICruiseResult } from 'dependency-cruiser';
import { describe, it } from 'mocha';

const root = path.resolve(import.meta.dirname, '../..');
const { forbidden = [], options = {} } = createRequire(import.meta.url)(
  path.join(root, '.dependency-cruiser.cjs'),
) as IConfiguration;

/** Source files that break a rule: the first imports the second (or itself a package), or stands alone. */
interface Breach {
  readonly rule: string;
  readonly from: string;
  /** A file of the tree, or the name of a package or Node module. */
  readonly to: string;
  /** Also back, for cycles. */
  readonly back?: true;
}

const breaches: readonly Breach[] = [
  { rule: 'leaves', from: 'src/runtime/model.ts', to: 'src/runtime/store/store.ts' },
  { rule: 'leaves', from: 'src/runtime/model.ts', to: 'zod' },
  { rule: 'editor', from: 'src/views/agentsTree.ts', to: 'src/runtime/store/store.ts' },
  { rule: 'editor', from: 'src/extension.ts', to: 'src/endpoint/registry.ts' },
  { rule: 'editor', from: 'src/commands.ts', to: 'webview-ui/dashboard.ts' },
  { rule: 'connection', from: 'src/connection/client.ts', to: 'vscode' },
  { rule: 'connection', from: 'src/connection/client.ts', to: 'src/views/agentsTree.ts' },
  { rule: 'cli', from: 'src/cli.ts', to: 'vscode' },
  { rule: 'cli', from: 'src/cli.ts', to: 'src/runtime/store/store.ts' },
  { rule: 'endpoint', from: 'src/endpoint/registry.ts', to: 'src/protocol.ts' },
  { rule: 'endpoint', from: 'src/endpoint/registry.ts', to: 'zod' },
  { rule: 'prompts', from: 'src/runtime/prompts/prompt.ts', to: 'src/runtime/runs/executor.ts' },
  { rule: 'one-owner-liquid', from: 'src/runtime/prompts/prompt.ts', to: 'liquidjs' },
  { rule: 'protocol', from: 'src/protocol.ts', to: 'node:fs' },
  { rule: 'protocol', from: 'src/protocol.ts', to: 'vscode' },
  { rule: 'dashboard-protocol', from: 'src/dashboardProtocol.ts', to: 'node:path' },
  { rule: 'format', from: 'src/format.ts', to: 'src/runtime/model.ts' },
  { rule: 'audit-text', from: 'src/auditText.ts', to: 'src/protocol.ts' },
  { rule: 'webview', from: 'webview-ui/dashboard.ts', to: 'src/protocol.ts' },
  { rule: 'webview', from: 'webview-ui/dashboard.ts', to: 'node:path' },
  { rule: 'webview', from: 'webview-ui/dashboard.ts', to: 'vscode' },
  { rule: 'runtime-composition', from: 'src/runtime/runtime.ts', to: 'src/connection/client.ts' },
  { rule: 'runtime-composition', from: 'src/runtime/main.ts', to: 'vscode' },
  { rule: 'requests', from: 'src/runtime/requests/runRequests.ts', to: 'src/runtime/adapters/process.ts' },
  { rule: 'state-text', from: 'src/stateText.ts', to: 'src/views/agentsTree.ts' },
  { rule: 'transcript-text', from: 'src/transcriptText.ts', to: 'src/runtime/adapters/process.ts' },
  { rule: 'transcript-readers', from: 'src/transcriptReaders.ts', to: 'src/runtime/adapters/adapters.ts' },
  { rule: 'state-files', from: 'src/runtime/stateFiles/backup.ts', to: 'src/runtime/runs/executor.ts' },
  { rule: 'store', from: 'src/runtime/store/store.ts', to: 'src/runtime/runs/executor.ts' },
  { rule: 'store-owner', from: 'src/runtime/store/owner.ts', to: 'src/runtime/runs/executor.ts' },
  { rule: 'adapters', from: 'src/runtime/adapters/process.ts', to: 'src/runtime/store/store.ts' },
  { rule: 'config', from: 'src/runtime/config/load.ts', to: 'src/runtime/store/store.ts' },
  { rule: 'config-consent-store', from: 'src/runtime/config/consentStore.ts', to: 'src/runtime/store/store.ts' },
  { rule: 'governance', from: 'src/runtime/governance/budget.ts', to: 'src/runtime/runs/executor.ts' },
  { rule: 'scheduler', from: 'src/runtime/scheduler/timers.ts', to: 'src/runtime/runs/executor.ts' },
  { rule: 'wakeups', from: 'src/runtime/wakeups/gate.ts', to: 'src/runtime/adapters/process.ts' },
  { rule: 'retention', from: 'src/runtime/retention/pruner.ts', to: 'src/runtime/runs/executor.ts' },
  { rule: 'runs', from: 'src/runtime/runs/executor.ts', to: 'src/runtime/wakeups/gate.ts' },
  { rule: 'gateway', from: 'src/runtime/gateway/gateway.ts', to: 'src/runtime/scheduler/timers.ts' },
  { rule: 'scripts', from: 'scripts/start.ts', to: 'src/cli.ts' },
  { rule: 'one-owner-sql', from: 'src/runtime/store/store.ts', to: 'sql.js' },
  { rule: 'one-owner-execa', from: 'src/runtime/runs/executor.ts', to: 'execa' },
  { rule: 'one-owner-toolkit', from: 'webview-ui/dashboard.ts', to: '@vscode/webview-ui-toolkit' },
  { rule: 'endpoint-users', from: 'src/runtime/changeFeed.ts', to: 'src/endpoint/registry.ts' },
  { rule: 'entry-points', from: 'src/views/agentsTree.ts', to: 'src/extension.ts' },
  { rule: 'editor-starts-nothing', from: 'src/commands.ts', to: 'node:child_process' },
  { rule: 'editor-starts-nothing', from: 'src/views/agentsTree.ts', to: 'net' },
  { rule: 'no-tests-imported', from: 'src/cli.ts', to: 'test/support/manualClock.ts' },
  { rule: 'no-cycles', from: 'src/runtime/runs/a.ts', to: 'src/runtime/runs/b.ts', back: true },
  { rule: 'no-orphans', from: 'src/runtime/runs/alone.ts', to: '' },
  { rule: 'resolvable', from: 'src/cli.ts', to: './nowhere.ts' },
];

const isFile = (target: string) => /^(src|webview-ui|test|scripts)\//.test(target);

async function place(folder: string, file: string, target: string): Promise<void> {
  const relative = path.posix.relative(path.posix.dirname(file), target);
  const specifier = isFile(target) ? (relative.startsWith('.') ? relative : `./${relative}`) : target;
  const text = target === '' ? 'export {};\n' : `import type * as other from '${specifier}';\nexport type { other };\n`;
  await mkdir(path.join(folder, path.dirname(file)), { recursive: true });
  await writeFile(path.join(folder, file), text);
}

/** Names of the rules that a tree of just these files violates. */
async function violationsOf({ from, to, back }: Breach): Promise<readonly string[]> {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'reveille-boundaries-'));
  try {
    await symlink(path.join(root, 'node_modules'), path.join(folder, 'node_modules'), 'junction');
    await writeFile(path.join(folder, 'package.json'), '{}');
    if (isFile(to)) await place(folder, to, back === true ? from : '');
    await place(folder, from, to);
    const folders = (await readdir(folder)).filter((name) => ['src', 'webview-ui', 'test', 'scripts'].includes(name));
    const { output } = await cruise(folders, { ...options, baseDir: folder, validate: true, ruleSet: { forbidden } });
    return (output as ICruiseResult).summary.violations.map((violation) => violation.rule.name);
  } finally {
    await rm(folder, { recursive: true });
  }
}

describe('the import rules', () => {
  for (const breach of breaches) {
    it(`${breach.rule}: ${breach.from} must not ${breach.to === '' ? 'stand alone' : `import ${breach.to}`}`, async () => {
      const violations = await violationsOf(breach);
      assert.ok(violations.includes(breach.rule), `found ${violations.join(', ') || 'nothing'}`);
    });
  }

  it('are each broken by one of these', () => {
    const broken = new Set(breaches.map(({ rule }) => rule));
    assert.deepEqual(
      forbidden.map(({ name }) => name ?? '').filter((name) => !broken.has(name)),
      [],
    );
  });

  it('allow what the layout intends', async () => {
    const allowed: readonly Omit<Breach, 'rule'>[] = [
      { from: 'src/extension.ts', to: 'vscode' },
      { from: 'src/cli.ts', to: 'src/connection/client.ts' },
      { from: 'src/runtime/main.ts', to: 'src/runtime/runs/executor.ts' },
      { from: 'src/extension.ts', to: 'node:path' },
    ];
    for (const breach of allowed) assert.deepEqual(await violationsOf({ ...breach, rule: '' }), [], breach.from);
  });
});
