import assert from 'node:assert/strict';
import childProcess from 'node:child_process';
import fs from 'node:fs';
import { createRequire } from 'node:module';
import net from 'node:net';
import path from 'node:path';
import { describe, it } from 'mocha';
import * as vscode from 'vscode';
import { openUserRegistry } from '../../src/connection/userRegistry.ts';
import { readOwner } from '../../src/endpoint/ownerRecord.ts';
import { poll } from '../support/poll.ts';
import { bringConfiguration } from './laterConfiguration.ts';

const extension = vscode.extensions.getExtension('reveille.reveille');
assert.ok(extension, 'reveille.reveille is not installed');

type AnyFunction = (...args: unknown[]) => unknown;
type FunctionTable = Record<string, unknown>;

/** What `activate` did, synchronously. */
interface Activation {
  calls: string[];
  result: unknown;
}

/** Everything that starts a process, connects, listens, or touches a file. */
const outside: readonly (readonly [name: string, functions: FunctionTable])[] = [
  ['child_process', childProcess],
  ['net', net],
  ['fs', fs],
  ['fs.promises', fs.promises],
];

/** Calls `action` and answers which functions to the outside it called before it returned. */
function recordCalls(action: () => unknown): { readonly calls: string[]; readonly result: unknown } {
  const calls: string[] = [];
  const restorers = outside.flatMap(([name, functions]) =>
    Object.entries(functions)
      .filter((entry): entry is [string, AnyFunction] => typeof entry[1] === 'function' && !/^[A-Z_]/.test(entry[0]))
      .map(([key, original]) => {
        functions[key] = (...args: unknown[]): unknown => {
          calls.push(`${name}.${key}`);
          return original(...args);
        };
        return () => {
          functions[key] = original;
        };
      }),
  );
  try {
    return { calls, result: action() };
  } finally {
    for (const restore of restorers) restore();
  }
}

/** Loads the extension's code as VS Code is about to, and has it record its activation. */
function watchActivation(installed: vscode.Extension<unknown>): Activation {
  const main = path.join(installed.extensionPath, (installed.packageJSON as { main: string }).main);
  const load = createRequire(main);
  const exported = load(main) as { activate: (context: vscode.ExtensionContext) => unknown };
  const module = load.cache[load.resolve(main)];
  assert.ok(module);
  const seen: Activation = { calls: ['activate was never called'], result: null };
  const activate = (context: vscode.ExtensionContext): unknown => {
    const { calls, result } = recordCalls(() => exported.activate(context));
    Object.assign(seen, { calls, result });
    return result;
  };
  module.exports = { ...exported, activate };
  return seen;
}

describe('the extension in VS Code', () => {
  it('is found in the workspace extension host', () => {
    assert.equal(extension.extensionKind, vscode.ExtensionKind.Workspace);
  });

  it('is not active where no folder has a configuration and nobody uses it', () => {
    assert.equal(extension.isActive, false);
  });

  it('activates at once; before activate returns it starts no process, opens no connection and touches no file', async () => {
    const activation = watchActivation(extension);

    await extension.activate();

    assert.equal(extension.isActive, true);
    assert.deepEqual(activation.calls, []);
    assert.equal(activation.result, undefined);
  });

  it('registers every command that its manifest contributes', async () => {
    const manifest = extension.packageJSON as { contributes: { commands: { command: string }[] } };
    const registered = new Set(await vscode.commands.getCommands(true));
    const missing = manifest.contributes.commands.map(({ command }) => command).filter((name) => !registered.has(name));
    assert.deepEqual(missing, []);
  });

  it('starts a runtime as soon as its folder gets a configuration, however that comes there', async () => {
    const stores = (): string[] =>
      openUserRegistry()
        .list()
        .map(({ store }) => store);
    assert.deepEqual(stores(), []);

    bringConfiguration();

    const isListening = (store: string): boolean => (readOwner(store)?.endpoint ?? null) !== null;
    await poll(() => stores().some(isListening), 'a runtime listens', 30_000);
  });
});
