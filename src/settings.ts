import * as vscode from 'vscode';
import type { Event } from './runtime/events.ts';
import type { RetentionLimits } from './runtime/model.ts';

/** What the user set, read once per change. */
export interface Settings {
  /** Where state is created when a folder has none yet; empty = the workspace storage of the window. */
  readonly storagePath: string;
  /** The program that runs the runtime; empty = the editor's own Node. */
  readonly runtimeExecutable: string;
  readonly whenWindowsClose: 'finishRuns' | 'keepRunning' | 'stop';
  /** Hours that `keepRunning` lasts at most. */
  readonly maxUnattendedHours: number;
  /** Runs of all folders of this machine at a time. */
  readonly maxConcurrentRuns: number;
  /** How long history is kept; what is not set rightly is left out, and the runtime's default holds. */
  readonly retention: Partial<RetentionLimits>;
}

const retentionSettings: Readonly<Record<keyof RetentionLimits, string>> = {
  runDays: 'retention.runs.days',
  runCount: 'retention.runs.count',
  logDays: 'retention.logs.days',
  logMegabytes: 'retention.logs.megabytes',
  logMegabytesPerRun: 'retention.logs.megabytesPerRun',
  wakeupDays: 'retention.wakeups.days',
  wakeupCount: 'retention.wakeups.count',
  activityDays: 'retention.activity.days',
  activityCount: 'retention.activity.count',
};

const defaultRuns = 8;
const closeModes = ['finishRuns', 'keepRunning', 'stop'] as const;

/** The extension's settings with a change event. A value of a wrong type counts as not set. */
export class SettingsReader implements vscode.Disposable {
  readonly #changeEmitter = new vscode.EventEmitter<void>();
  readonly #subscription: vscode.Disposable;
  #current = read();

  constructor() {
    this.#subscription = vscode.workspace.onDidChangeConfiguration((event) => {
      if (!event.affectsConfiguration('reveille')) return;
      this.#current = read();
      this.#changeEmitter.fire();
    });
  }

  get current(): Settings {
    return this.#current;
  }

  get onDidChange(): Event<void> {
    return this.#changeEmitter.event;
  }

  dispose(): void {
    this.#subscription.dispose();
    this.#changeEmitter.dispose();
  }
}

function read(): Settings {
  const values = vscode.workspace.getConfiguration('reveille');
  const closeMode = values.get<unknown>('whenWindowsClose');
  const hours = values.get<unknown>('maxUnattendedHours');
  const runs = values.get<unknown>('maxConcurrentRuns');
  return {
    storagePath: text(values.get<unknown>('storagePath')),
    runtimeExecutable: text(values.get<unknown>('runtimeExecutable')),
    whenWindowsClose: closeModes.find((mode) => mode === closeMode) ?? 'finishRuns',
    maxUnattendedHours: typeof hours === 'number' && hours > 0 && hours <= 8760 ? hours : 24,
    maxConcurrentRuns: isSlotCount(runs) ? runs : defaultRuns,
    retention: readRetention(values),
  };
}

function readRetention(values: vscode.WorkspaceConfiguration): Partial<RetentionLimits> {
  const entries = Object.entries(retentionSettings).map(([limit, name]) => [limit, values.get<unknown>(name)] as const);
  return Object.fromEntries(entries.filter(([, value]) => isLimit(value)));
}

function isSlotCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 1 && value <= 1000;
}

function isLimit(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 && value <= 1_000_000_000;
}

function text(value: unknown): string {
  return typeof value === 'string' ? value.trim() : '';
}
