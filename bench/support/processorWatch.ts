import { processorMs } from './linuxProcess.ts';

const everyMs = 20;

/** What a process had used so far. */
export interface ProcessorSample {
  /** Epoch ms. */
  readonly at: number;
  /** Processor time in milliseconds. */
  readonly usedMs: number;
}

/** Notes again and again how much processor time a process has used, without asking it anything. */
export class ProcessorWatch {
  readonly #samples: ProcessorSample[] = [];
  readonly #timer: NodeJS.Timeout;

  constructor(pid: number) {
    this.#timer = setInterval(() => {
      this.#samples.push({ at: Date.now(), usedMs: processorMs(pid) });
    }, everyMs);
  }

  /** Ends the watch; answers the samples, oldest first. */
  stop(): readonly ProcessorSample[] {
    clearInterval(this.#timer);
    return this.#samples;
  }
}
