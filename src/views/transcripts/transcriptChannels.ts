import * as vscode from 'vscode';
import type { FolderConnection } from '../../connection/connection.ts';
import type { Event } from '../../runtime/events.ts';
import type { Disposable } from '../../runtime/lifecycle.ts';
import type { Logger } from '../../runtime/log.ts';
import { makeOutput } from '../../transcriptOutput.ts';
import { readingOf } from '../../transcriptReaders.ts';
import { translate } from '../translate.ts';
import { AgentTranscript } from './agentTranscript.ts';
import { FolderTranscripts } from './folderTranscripts.ts';

interface AgentChannel {
  readonly channel: vscode.OutputChannel;
  readonly transcript: AgentTranscript;
}

/** What the channels follow. */
export interface TranscriptChannelsOptions {
  readonly connections: { readonly folders: readonly FolderConnection[]; readonly onDidChange: Event<void> };
  readonly log: Logger;
}

/** One output channel per agent, made when it first has something to say or is asked for. */
export class TranscriptChannels implements Disposable {
  readonly #options: TranscriptChannelsOptions;
  readonly #folders = new Map<FolderConnection, FolderTranscripts>();
  readonly #channels = new Map<string, AgentChannel>();
  readonly #subscription: Disposable;

  constructor(options: TranscriptChannelsOptions) {
    this.#options = options;
    this.#subscription = options.connections.onDidChange(() => {
      this.#update();
    });
    this.#update();
  }

  /** Brings an agent's transcript to the front; a fresh one begins with the agent's last run. */
  async show(folder: FolderConnection, agent: string): Promise<void> {
    const isFresh = !this.#channels.has(channelKey(folder, agent));
    const { channel, transcript } = this.#channelOf(folder, agent);
    channel.show(true);
    if (!isFresh) return;
    const lastRunId = folder.state?.agents.get(agent)?.lastRunId ?? null;
    if (lastRunId === null) {
      transcript.greet();
      return;
    }
    const run = folder.state?.runs.get(lastRunId) ?? (await folder.request('run.get', { runId: lastRunId }));
    this.#folders.get(folder)?.show(run);
  }

  dispose(): void {
    this.#subscription.dispose();
    for (const transcripts of this.#folders.values()) transcripts.dispose();
    for (const { channel } of this.#channels.values()) channel.dispose();
    this.#folders.clear();
    this.#channels.clear();
  }

  #update(): void {
    const { connections, log } = this.#options;
    for (const [folder, transcripts] of this.#folders) {
      if (connections.folders.includes(folder)) continue;
      transcripts.dispose();
      this.#folders.delete(folder);
    }
    for (const connection of connections.folders) {
      if (this.#folders.has(connection)) continue;
      const transcripts = new FolderTranscripts({
        connection,
        transcriptOf: (agent) => this.#channelOf(connection, agent).transcript,
        onError: (error) => {
          log.debug('A transcript waits for its connection', error);
        },
      });
      this.#folders.set(connection, transcripts);
    }
  }

  #channelOf(folder: FolderConnection, agent: string): AgentChannel {
    const key = channelKey(folder, agent);
    const known = this.#channels.get(key);
    if (known !== undefined) return known;
    const several = this.#options.connections.folders.length > 1;
    const channel = vscode.window.createOutputChannel(several ? `${agent} (${folder.name})` : agent, 'log');
    const transcript = new AgentTranscript(channel, translate, (run) =>
      makeOutput(readingOf(run.adapter), {
        t: translate,
        now: Date.now,
        root: folder.state?.agents.get(agent)?.cwd ?? folder.path,
      }),
    );
    const made = { channel, transcript };
    this.#channels.set(key, made);
    return made;
  }
}

function channelKey(folder: FolderConnection, agent: string): string {
  return `${folder.path}\0${agent}`;
}
