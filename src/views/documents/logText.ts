import type { FolderConnection } from '../../connection/connection.ts';
import { formatBytes, formatLogRemoval, type Translate } from '../../format.ts';
import { TerminalText } from '../../terminalText.ts';

const pieceBytes = 262_144;
const headBytes = 524_288;
const tailBytes = 524_288;

/**
 * A run's log as readable text: whole when it is small, otherwise its head and its tail with a line between
 * them that says how much is missing and where it is.
 * @throws UserError when the runtime does not know the run or cannot be reached.
 */
export async function readLogText(
  connection: Pick<FolderConnection, 'request'>,
  runId: string,
  t: Translate,
): Promise<string> {
  const { logBytes, logPath, finishedAt, logRemoval } = await connection.request('run.get', { runId });
  if (logRemoval !== null && logBytes > 0) return formatLogRemoval(logRemoval, t);
  const head = await readRange(connection, runId, { from: 0, to: Math.min(logBytes, headBytes) });
  if (logBytes <= headBytes) {
    if (head.text !== '') return head.text;
    return finishedAt === null ? t('This run has not written anything yet.') : t('This run wrote nothing.');
  }
  const from = Math.max(head.end, logBytes - tailBytes);
  const tail = await readRange(connection, runId, { from, to: logBytes });
  if (from === head.end) return head.text + tail.text;
  const gap = t(
    '{0} left out here. The whole log is in {1}; "Open Log File" opens it.',
    formatBytes(from - head.end),
    logPath,
  );
  return `${head.text}\n\n········ ${gap} ········\n\n${tail.text}`;
}

async function readRange(
  connection: Pick<FolderConnection, 'request'>,
  runId: string,
  range: { readonly from: number; readonly to: number },
): Promise<{ text: string; end: number }> {
  const readable = new TerminalText();
  let text = '';
  let offset = range.from;
  while (offset < range.to) {
    const maxBytes = Math.max(1024, Math.min(pieceBytes, range.to - offset));
    const piece = await connection.request('log.read', { runId, offset, maxBytes });
    if (piece.nextOffset <= offset) break;
    text += readable.push(piece.text);
    offset = piece.nextOffset;
  }
  return { text: text + readable.end(), end: offset };
}
