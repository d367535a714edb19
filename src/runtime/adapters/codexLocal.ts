import { systemClock } from '../clock.ts';
import type { Adapter } from './adapter.ts';
import { codexBooks } from './codexBooks.ts';
import { checkCodex } from './codexCheck.ts';
import { planCodex } from './codexPlan.ts';
import { CodexReader } from './codexReader.ts';
import { codexSession } from './codexSession.ts';

/**
 * Drives Codex on this machine by `codex exec --json`: one turn of a thread a run, the prompt on its standard input. What it may
 * do is settled before by its sandbox; it cannot ask.
 */
export const codexAdapter: Adapter = {
  type: 'codex_local',
  capabilities: () => ({ resume: true, usage: 'perMessage', permissions: 'fixed', stop: 'signal', success: 'result' }),
  check: checkCodex,
  plan: (definition, request) => planCodex(process.platform, definition, request),
  read: ({ env }, asked) =>
    new CodexReader({ asked: asked ?? null, now: () => systemClock.now(), timeZone: zoneOf(env['TZ']) }),
  codec: codexSession,
  books: codexBooks,
};

/** The time zone that its program writes times in: that of the machine, unless its environment names one that is known. */
function zoneOf(named: string | undefined): string {
  try {
    return new Intl.DateTimeFormat('en-US', { timeZone: named }).resolvedOptions().timeZone;
  } catch {
    // A zone of another notation, or none.
    return new Intl.DateTimeFormat('en-US').resolvedOptions().timeZone;
  }
}
