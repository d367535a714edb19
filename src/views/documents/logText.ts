import type { FolderConnection } from '../../connection/connection.ts';
import { formatBytes, formatLogRemoval, type Translate } from '../../format.ts';
import { describeRunUsage } from '../../costText.ts';
import { systemClock } from '../../runtime/clock.ts';
import type { RunDetail } from '../../runtime/model.ts';
import type { ReadableOutput } from '../../transcriptMarks.ts';
import { makeOutput } from '../../transcriptOutput.ts';
import { readingOf } from '../../transcriptReaders.ts';

const pieceBytes = 262_144;
const headBytes = 524_288;
const tailBytes = 524_288;

/**
 * A run's log as readable text, what its program told in words: whole when it is small, otherwise its head and its tail with a line between
 * them that says how much is missing and where it is. What the run used and cost stands at its end.
 * @throws UserError when the runtime does not know the run or cannot be reached.
 */
export async function readLogText(
  connection: Pick<FolderConnection, 'request'>,
  runId: string,
  t: Translate,
): Promise<string> {
  const run = await connection.request('run.get', { runId });
  const text = await readText(connection, run, t);
  if (run.finishedAt === null || run.usage === null) return text;
  return `${text.trimEnd()}\n\n━━━━\n${describeRunUsage(run.usage, t).join('\n')}\n`;
}

async function readText(connection: Pick<FolderConnection, 'request'>, run: RunDetail, t: Translate): Promise<string> {
  const { id: runId, logBytes, logPath, finishedAt, logRemoval, adapter, cwd } = run;
  if (logRemoval !== null && logBytes > 0) return formatLogRemoval(logRemoval, t);
  const output = makeOutput(readingOf(adapter), { t, now: () => systemClock.now(), root: cwd });
  const head = await readRange(connection, { runId, output, from: 0, to: Math.min(logBytes, headBytes) });
  if (logBytes <= headBytes) {
    const text = head.text + output.end();
    if (text !== '') return text;
    return finishedAt === null ? t('This run has not written anything yet.') : t('This run wrote nothing.');
  }
  const from = Math.max(head.end, logBytes - tailBytes);
  const hasGap = from > head.end;
  if (hasGap) output.skip();
  const tail = await readRange(connection, { runId, output, from, to: logBytes });
  const rest = tail.text + output.end();
  if (!hasGap) return head.text + rest;
  const gap = t(
    '{0} left out here. The whole log is in {1}; "Open Log File" opens it.',
    formatBytes(from - head.end),
    logPath,
  );
  return `${head.text}\n\n········ ${gap} ········\n\n${rest}`;
}

async function readRange(
  connection: Pick<FolderConnection, 'request'>,
  range: { readonly runId: string; readonly output: ReadableOutput; readonly from: number; readonly to: number },
): Promise<{ text: string; end: number }> {
  const { runId, output } = range;
  let text = '';
  let offset = range.from;
  while (offset < range.to) {
    const maxBytes = Math.max(1024, Math.min(pieceBytes, range.to - offset));
    const piece = await connection.request('log.read', { runId, offset, maxBytes });
    if (piece.nextOffset <= offset) break;
    text += output.push(piece.text);
    offset = piece.nextOffset;
  }
  return { text, end: offset };
}
