/** Runs inside an extension host in place of tests: activates an extension there and notes what that took. */
import { appendFileSync, existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import * as vscode from 'vscode';

/** What the probe is asked, as JSON in `BENCH_ACTIVATION`. */
export interface ActivationOrder {
  readonly extension: string;
  /** Where to append the sighting, as a line of JSON. */
  readonly results: string;
  /** Text of the configuration that the workspace gets first, so that there is something to connect to. */
  readonly configuration: string;
  /** The user's registry, which is empty until somebody opens it. */
  readonly stateHome: string;
}

export interface ActivationSighting {
  readonly extension: string;
  /** Milliseconds from asking VS Code to activate it until it says that it is active. */
  readonly tookMs: number;
  /** Milliseconds that its `activate` ran. */
  readonly ownMs: number;
  /** What was open when `activate` had returned and not before: processes, sockets, files, watchers; and registry entries. */
  readonly opened: readonly string[];
}

interface Returned {
  readonly ownMs: number;
  readonly opened: readonly string[];
}

/** Timers are no harm: what they will do comes after activation. */
const harmless = new Set(['Immediate', 'Timeout']);

export async function run(): Promise<void> {
  const order = JSON.parse(process.env['BENCH_ACTIVATION'] ?? '{}') as ActivationOrder;
  const folder = vscode.workspace.workspaceFolders?.[0]?.uri.fsPath ?? '';
  mkdirSync(path.join(folder, '.reveille'), { recursive: true });
  writeFileSync(path.join(folder, '.reveille', 'reveille.yaml'), order.configuration);
  appendFileSync(order.results, `${JSON.stringify(await activate(order.extension, order.stateHome))}\n`);
}

async function activate(id: string, stateHome: string): Promise<ActivationSighting> {
  const extension = vscode.extensions.getExtension(id);
  if (!extension) throw new Error(`${id} is not installed.`);
  if (extension.isActive) throw new Error(`${id} is active already.`);
  const returned = watchReturn(extension.extensionPath, stateHome);
  const at = performance.now();
  await extension.activate();
  const tookMs = performance.now() - at;
  const { ownMs, opened } = returned() ?? { ownMs: Number.NaN, opened: ['unknown: its activate was not seen'] };
  return { extension: id, tookMs, ownMs, opened };
}

/** Looks at the process at the moment when the extension's own `activate` returns. */
function watchReturn(extensionPath: string, stateHome: string): () => Returned | null {
  // eslint-disable-next-line @typescript-eslint/no-require-imports -- the loader that the extension host itself uses
  const loader = require('node:module') as { _load: (name: string, ...rest: unknown[]) => unknown };
  const load = loader._load;
  let returned: Returned | null = null;
  loader._load = function (this: unknown, name, ...rest) {
    const loaded = load.call(this, name, ...rest);
    if (!name.startsWith(extensionPath)) return loaded;
    loader._load = load;
    const module = loaded as { activate: (context: unknown) => unknown };
    const activate = (context: unknown): unknown => {
      const before = listOpen();
      const at = performance.now();
      const result = module.activate(context);
      const ownMs = performance.now() - at;
      const entries = existsSync(stateHome) ? readdirSync(stateHome).map((entry) => `registry ${entry}`) : [];
      returned = { ownMs, opened: [...subtract(listOpen(), before), ...entries] };
      return result;
    };
    return { ...module, activate };
  };
  return () => returned;
}

function listOpen(): string[] {
  return process.getActiveResourcesInfo().filter((kind) => !harmless.has(kind));
}

function subtract(all: readonly string[], known: readonly string[]): string[] {
  const left = [...known];
  return all.filter((kind) => {
    const index = left.indexOf(kind);
    if (index >= 0) left.splice(index, 1);
    return index < 0;
  });
}
