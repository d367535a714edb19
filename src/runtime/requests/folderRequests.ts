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
  readonly acceptDefinitions: (hashes: readonly string[]) => Promise<string[]>;
  readonly reloadConfiguration: () => Promise<ConfigurationState>;
  /** Answers how many runs were asked to end. */
  readonly stopEverything: (reason: string) => Promise<number>;
  readonly releaseEverything: () => Promise<void>;
  readonly describe: () => RuntimeState;
  /** Begins to end the runtime; does not wait for it. */
  readonly stopRuntime: (mode: 'drain' | 'now', reason: string) => void;
}): FolderRequests {
  return {
    'configuration.accept': async ({ hashes }, client) => {
      assertTrusted(client);
      return { accepted: await options.acceptDefinitions(hashes) };
    },
    'configuration.reload': () => options.reloadConfiguration(),
    'everything.stop': async ({ reason }) => ({ cancelled: await options.stopEverything(reason ?? '') }),
    'everything.release': async (_params, client) => {
      assertTrusted(client);
      await options.releaseEverything();
      return {};
    },
    'runtime.status': () => options.describe(),
    'runtime.stop': ({ mode, reason }) => {
      options.stopRuntime(mode, reason);
      return {};
    },
  };
}
