import * as path from 'node:path';
import { layerEnvironments } from './adapters/environmentLayers.ts';
import type { Clock } from './clock.ts';
import type { Disposable } from './lifecycle.ts';
import type { Logger } from './log.ts';
import { isBarePath, readLoginPath } from './loginShell.ts';
import { toBaseEnvironment, withoutRelativeEntries } from './runs/environment.ts';
import type { ClientContext } from './serverClient.ts';

type Environment = Readonly<Record<string, string>>;

export interface BaseEnvironmentOptions {
  readonly platform: NodeJS.Platform;
  /** What the runtime was started with. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly stateDirectory: string;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Longest wait for a login shell, in milliseconds; what people have in their profiles takes a second or two. */
const shellLimitMs = 10_000;

/**
 * What every run gets of the machine: what the trusted window has that connected last (without one, the command line; without that, the
 * runtime's own start), of a stated list of names. Where its PATH is none of a login shell, that shell is asked once.
 */
export class BaseEnvironment implements Disposable {
  readonly #options: BaseEnvironmentOptions;
  readonly #start: Environment;
  readonly #met = new WeakSet<ClientContext>();
  #ofWindow: Environment | null = null;
  #ofTerminal: Environment | null = null;
  /** What login shells answered. */
  readonly #loginPaths = new Map<string, string | null>();
  readonly #leaving = new AbortController();
  #ready: Promise<void> = Promise.resolve();

  constructor(options: BaseEnvironmentOptions) {
    this.#options = options;
    this.#start = toBaseEnvironment(options.platform, options.environment);
    this.#review();
  }

  /** What a run that starts now gets. */
  get current(): Environment {
    const { platform, stateDirectory } = this.#options;
    const told = this.#told;
    const login = this.#loginPaths.get(told['SHELL'] ?? '') ?? null;
    const ofShell: Environment = login !== null && isBarePath(platform, told['PATH']) ? { PATH: login } : {};
    const all = layerEnvironments(platform, [told, ofShell, { REVEILLE_STATE_HOME: stateDirectory }]);
    const isPath = (name: string): boolean => (platform === 'win32' ? name.toUpperCase() : name) === 'PATH';
    return Object.fromEntries(
      Object.entries(all).map(([name, value]) => [
        name,
        isPath(name) ? withoutRelativeEntries(platform, value) : value,
      ]),
    );
  }

  /** Resolves when no login shell is being asked; never rejects. */
  whenReady(): Promise<void> {
    return this.#ready;
  }

  /** Takes what a client has, the first time that it is seen with trust. Those that act for agents have no say. */
  follow(client: ClientContext): void {
    const { isTrusted, run, environment, kind } = client;
    if (!isTrusted || run !== null || environment === undefined || this.#met.has(client)) return;
    this.#met.add(client);
    const said = toBaseEnvironment(this.#options.platform, environment);
    if (kind === 'window') this.#ofWindow = said;
    else this.#ofTerminal = said;
    this.#review();
  }

  dispose(): void {
    this.#leaving.abort();
  }

  get #told(): Environment {
    return layerEnvironments(this.#options.platform, [this.#start, this.#ofWindow ?? this.#ofTerminal ?? {}]);
  }

  #review(): void {
    const { platform, clock, logger } = this.#options;
    const env = this.#told;
    const shell = env['SHELL'];
    if (
      shell === undefined ||
      !path.isAbsolute(shell) ||
      !isBarePath(platform, env['PATH']) ||
      this.#loginPaths.has(shell)
    )
      return;
    this.#loginPaths.set(shell, null);
    const asked = readLoginPath(shell, { env, clock, limitMs: shellLimitMs, signal: this.#leaving.signal }).then(
      (found) => {
        this.#loginPaths.set(shell, found);
        if (found === null) logger.warn('The login shell did not tell its PATH; what it adds is not found', shell);
      },
    );
    this.#ready = Promise.all([this.#ready, asked]).then(() => undefined);
  }
}
