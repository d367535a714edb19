import { formatBytes, formatDuration, formatOutcome, runDurationMs, type Translate } from '../../format.ts';
import type { Run } from '../../runtime/model.ts';
import type { ReadableOutput } from '../../transcriptMarks.ts';
import { runUsageText } from '../../costText.ts';
import { sourceText } from '../words.ts';

/** Where a transcript's text goes; an output channel satisfies it. */
export interface TranscriptSink {
  append(text: string): void;
}

/**
 * The readable transcript of one agent: a heading per run, its output, and a closing line. Runs of one agent
 * may overlap; whenever the speaker changes, a line says whose output follows.
 */
export class AgentTranscript {
  readonly #sink: TranscriptSink;
  readonly #t: Translate;
  readonly #outputOf: (run: Run) => ReadableOutput;
  readonly #outputs = new Map<string, ReadableOutput>();
  #speaker: string | null = null;
  #atLineStart = true;

  /** @param outputOf makes what a run writes readable */
  constructor(sink: TranscriptSink, t: Translate, outputOf: (run: Run) => ReadableOutput) {
    this.#sink = sink;
    this.#t = t;
    this.#outputOf = outputOf;
  }

  /** What stands there before the first run. */
  greet(): void {
    this.#line(this.#t('No run yet. What this agent writes appears here, live.'));
    this.#line('');
  }

  /** Begins the part of a run. */
  open(run: Run): void {
    this.#outputs.set(run.id, this.#outputOf(run));
    const started = new Date(run.startedAt ?? run.queuedAt).toLocaleString();
    const why =
      run.reason === ''
        ? sourceText(run.source, this.#t)
        : `${sourceText(run.source, this.#t)}: ${oneLine(run.reason)}`;
    this.#line(`━━ ${this.#t('Run {0}', run.number)} · ${started} · ${why} ━━`);
    this.#speaker = run.id;
  }

  /** The next piece of a run's output. */
  write(run: Run, text: string): void {
    const readable = this.#outputs.get(run.id)?.push(text) ?? '';
    if (readable !== '') this.#speak(run, readable);
  }

  /** Says that a part of the output was passed over to keep up. */
  skip(run: Run, bytes: number): void {
    const note = this.#t('{0} of output left out here; "Show Run Log" has all of it', formatBytes(bytes));
    this.#become(run);
    this.#outputs.get(run.id)?.skip();
    this.#line(`… ${note} …`);
  }

  /** Ends the part of a run. */
  close(run: Run): void {
    const rest = this.#outputs.get(run.id)?.end() ?? '';
    if (rest !== '') this.#speak(run, rest);
    this.#outputs.delete(run.id);
    const duration = runDurationMs(run);
    const outcome = formatOutcome(run, this.#t);
    const ended = duration === null ? outcome : this.#t('{0} after {1}', outcome, formatDuration(duration));
    if (run.message !== null && run.status !== 'succeeded') this.#line(run.message);
    const used = run.usage === null ? '' : ` · ${runUsageText(run.usage, this.#t)}`;
    this.#line(`━━ ${this.#t('Run {0}', run.number)}: ${ended}${used} ━━`);
    this.#line('');
    if (this.#speaker === run.id) this.#speaker = null;
  }

  #speak(run: Run, text: string): void {
    this.#become(run);
    this.#append(text);
  }

  #become(run: Run): void {
    if (this.#speaker === run.id) return;
    this.#line(`── ${this.#t('Run {0} goes on', run.number)} ──`);
    this.#speaker = run.id;
  }

  #line(text: string): void {
    this.#append(`${this.#atLineStart ? '' : '\n'}${text}\n`);
  }

  #append(text: string): void {
    this.#sink.append(text);
    this.#atLineStart = text.endsWith('\n');
  }
}

function oneLine(text: string): string {
  return text.replace(/\s+/g, ' ').trim();
}
