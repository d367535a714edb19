import * as fs from 'node:fs';
import { homedir } from 'node:os';
import * as path from 'node:path';
import { parseArgs } from 'node:util';
import { createEndpoint } from '../endpoint/endpointPath.ts';
import { identifyFolder } from '../endpoint/folderIdentity.ts';
import { ownBuild } from '../endpoint/ownBuild.ts';
import { stateDirectory } from '../endpoint/stateDirectory.ts';
import { systemClock } from './clock.ts';
import { toError, UserError } from './errors.ts';
import { LogFileWriter } from './logFileWriter.ts';
import { Runtime } from './runtime.ts';
import { LiveOwnerError } from './store/owner.ts';
import { DamagedStateError } from './store/recovery.ts';

/** Exit codes that whoever started the runtime understands; the reason stands on standard error as one line of JSON. */
const exitFailed = 1;
const exitOwnedElsewhere = 3;

const defaultSlots = 4;
const defaultLingerMs = 30_000;

const { values } = parseArgs({
  options: {
    folder: { type: 'string' },
    store: { type: 'string' },
    /** The directory whose disappearance means that Reveille was uninstalled. */
    installation: { type: 'string' },
    slots: { type: 'string' },
    'linger-ms': { type: 'string' },
    /** The transaction after which a damaged state may go on; the person chose it. */
    'continue-after': { type: 'string' },
    /** A backup that takes the place of the state, whatever that is like. */
    restore: { type: 'string' },
    wasm: { type: 'string' },
  },
});

async function main(): Promise<void> {
  const storePath = required(values.store, '--store');
  const folder = await identifyFolder(required(values.folder, '--folder'));
  fs.mkdirSync(storePath, { recursive: true, mode: 0o700 });
  const logPath = path.join(storePath, 'runtime.log');
  const logger = new LogFileWriter(logPath);
  const { installation } = values;
  // Whoever started this closes the other end once it is connected.
  process.stderr.on('error', () => undefined);
  const runtime = await Runtime.open({
    folder,
    storePath,
    stateDirectory: stateDirectory({ platform: process.platform, env: process.env, home: homedir() }),
    wasmPath: values.wasm ?? path.join(__dirname, 'sql-wasm.wasm'),
    spawner: { entry: path.join(__dirname, 'spawner.js'), openEndpoint: createEndpoint },
    logPath,
    build: ownBuild,
    clock: systemClock,
    logger,
    slots: positive(values.slots, defaultSlots),
    lingerMs: positive(values['linger-ms'], defaultLingerMs),
    continueAfter: values['continue-after'] === undefined ? undefined : Number(values['continue-after']),
    restoreFrom: values.restore,
    hasInstallation: () => installation === undefined || fs.existsSync(installation),
    environment: process.env,
    onDidStop: () => process.exit(0),
  });
  const stop = (signal: string): void => {
    void runtime.stop(`It was sent ${signal}.`).finally(() => process.exit(0));
  };
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, stop);
  // The terminal or the session that it was started from may close; the runtime lives on.
  process.on('SIGHUP', () => undefined);
  process.on('unhandledRejection', (error) => {
    logger.error('A promise failed and nobody noticed', toError(error));
  });
  process.on('uncaughtException', (error) => {
    logger.error('The runtime failed', error);
    void runtime.stop('It failed.').finally(() => process.exit(exitFailed));
  });
}

function required(value: string | undefined, name: string): string {
  if (value === undefined || !path.isAbsolute(value)) {
    throw new UserError('invalid', `The runtime needs ${name} with an absolute path.`);
  }
  return value;
}

function positive(text: string | undefined, fallback: number): number {
  const value = Number(text);
  return Number.isFinite(value) && value > 0 ? value : fallback;
}

main().catch((thrown: unknown) => {
  const error = toError(thrown);
  process.stderr.write(`${JSON.stringify(explain(error))}\n`);
  process.exit(error instanceof LiveOwnerError ? exitOwnedElsewhere : exitFailed);
});

function explain(error: Error): { kind: string; message: string; continueAfter?: number } {
  if (error instanceof DamagedStateError) {
    return { kind: error.kind, message: error.message, continueAfter: error.damage.lastSequence };
  }
  if (error instanceof UserError) return { kind: error.kind, message: error.message };
  if (!('code' in error)) return { kind: 'internal', message: error.message };
  // A system error at the start is nearly always the storage folder, or a full disk.
  const message = `Reveille cannot write to its storage folder ${values.store ?? ''} (${error.message}). Free space or make it writable, or choose another one in the setting reveille.storagePath. Then retry.`;
  return { kind: 'storage', message };
}
