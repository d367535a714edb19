import { userActor, type Actor } from '../governance/audit.ts';
import type { ConfigurationState, RuntimeState } from '../model.ts';
import type { RequestHandlers } from '../server.ts';
import { assertTrusted } from './agentRequests.ts';

type FolderRequests = Pick<
  RequestHandlers,
  | 'configuration.accept'
  | 'configuration.reload'
  | 'everything.stop'
  | 'everything.release'
  | 'runtime.status'
  | 'runtime.stop'
>;

/** Requests about the folder as a whole. */
export function folderRequests(options: {
  readonly acceptDefinitions: (hashes: readonly string[], by: Actor) => Promise<string[]>;
  readonly reloadConfiguration: () => Promise<ConfigurationState>;
  /** Answers how many runs were asked to end. */
  readonly stopEverything: (reason: string, by: Actor) => Promise<number>;
  readonly releaseEverything: (by: Actor) => Promise<void>;
  readonly describe: () => RuntimeState;
  /** Begins to end the runtime; does not wait for it. */
  readonly stopRuntime: (mode: 'drain' | 'now', reason: string, by: Actor) => void;
}): FolderRequests {
  return {
    'configuration.accept': async ({ hashes }, client) => {
      assertTrusted(client);
      return { accepted: await options.acceptDefinitions(hashes, userActor(client)) };
    },
    'configuration.reload': () => options.reloadConfiguration(),
    'everything.stop': async ({ reason }, client) => ({
      cancelled: await options.stopEverything(reason ?? '', userActor(client)),
    }),
    'everything.release': async (_params, client) => {
      assertTrusted(client);
      await options.releaseEverything(userActor(client));
      return {};
    },
    'runtime.status': () => options.describe(),
    'runtime.stop': ({ mode, reason }, client) => {
      options.stopRuntime(mode, reason, userActor(client));
      return {};
    },
  };
}
