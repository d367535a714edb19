import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestRuntime } from './openTestRuntime.ts';

/** An agent that works until a file of its task appears in the workspace. */
export const gated = `
agents:
  gated:
    adapter: process
    command: sh
    args: [-c, 'while [ ! -e "go-$REVEILLE_TASK_KEY" ]; do sleep 0.02; done; cat']
    shareCwd: true
    heartbeat: { maxConcurrentRuns: 9 }
`;

/** Lets the run of a task end. */
export function letGo(runtime: TestRuntime, taskKey: string): void {
  writeFileSync(join(runtime.folder.path, `go-${taskKey}`), '');
}
