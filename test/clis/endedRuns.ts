import assert from 'node:assert/strict';
import { globSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ModelUsage } from '../../src/runtime/model.ts';
import type { CliStage, EndedRun } from '../support/cliStage.ts';
import type { ReplyUsage } from '../support/replyScript.ts';

/** What the run row says that all models used. */
export function usageOf({ run }: EndedRun): Omit<ModelUsage, 'model' | 'costMicros' | 'isListPrice'> | null {
  if (run.usage === null) return null;
  const sum = (pick: (usage: ModelUsage) => number): number =>
    run.usage?.models.reduce((all, one) => all + pick(one), 0) ?? 0;
  return {
    inputTokens: sum((one) => one.inputTokens),
    cachedTokens: sum((one) => one.cachedTokens),
    cacheWriteTokens: sum((one) => one.cacheWriteTokens),
    outputTokens: sum((one) => one.outputTokens),
  };
}

/** A run is charged what its provider gave out. */
export function assertCharged(ended: EndedRun, given: ReplyUsage = ended.given): void {
  const { inputTokens, cacheReadTokens, cacheWriteTokens, outputTokens } = given;
  assert.deepEqual(usageOf(ended), {
    inputTokens: inputTokens + cacheReadTokens + cacheWriteTokens,
    cachedTokens: cacheReadTokens,
    cacheWriteTokens,
    outputTokens,
  });
}

export function assertSucceeded(ended: EndedRun): void {
  const { status, exitCode, errorCode } = ended.run;
  assert.deepEqual([status, exitCode, errorCode], ['succeeded', 0, null]);
}

/** No file below a folder holds a text. */
export function assertNowhereIn(folder: string, text: string): void {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const holding = files
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((file) => readFileSync(file).includes(text));
  assert.deepEqual(holding, []);
}

/** The files in which a CLI keeps a conversation. */
export function sessionFiles({ setup: { home } }: CliStage, sessionId: string | null): string[] {
  const patterns = [
    join(home.claudeConfig, `projects/*/${sessionId ?? ''}.jsonl`),
    join(home.codexHome, `sessions/*/*/*/*-${sessionId ?? ''}.jsonl`),
  ];
  return patterns.flatMap((pattern) => globSync(pattern));
}
