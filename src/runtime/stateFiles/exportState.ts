import { listActivity } from '../store/activityTable.ts';
import { listAgents, type AgentRow } from '../store/agentTable.ts';
import { listSkipRows, listUsageRows } from '../store/historyPages.ts';
import { listAllComments } from '../store/issueCommentTable.ts';
import { listIssues } from '../store/issueTable.ts';
import { findLastScheduledRun, listRuns } from '../store/runTable.ts';
import { listSessions } from '../store/sessionTable.ts';
import type { Reader } from '../store/store.ts';
import { listWakeups } from '../store/wakeupTable.ts';
import {
  exportAgent,
  exportComment,
  exportEvent,
  exportFormat,
  exportHeartbeat,
  exportIssue,
  exportRun,
  exportSession,
  exportSkips,
  exportUsage,
  exportWakeup,
  toIso,
} from './exportFormat.ts';
import { writeOutputFile, type Write } from './outputFile.ts';

/** What is exported. */
export interface ExportSource {
  readonly reader: Reader;
  /** Of Reveille. */
  readonly version: string;
  /** Real path of the workspace folder. */
  readonly folder: string;
  readonly org: string | null;
  /** Epoch ms. */
  readonly at: number;
}

/** Rows read at a time; between two pages others have their turn. */
const pageRows = 250;
const newest = Number.MAX_SAFE_INTEGER;

/**
 * Writes the state as JSON, a row a line, lists newest first. Answers the size in bytes. What happens during the export may
 * be in it or not; nothing is in it twice.
 * @throws UserError of kind `invalid` if it cannot be written there
 */
export function writeExport(source: ExportSource, target: string, storePath: string): Promise<number> {
  return writeOutputFile(target, storePath, (write) => writeAll(source, write));
}

async function writeAll(source: ExportSource, write: Write): Promise<void> {
  const { reader, version, folder, org, at } = source;
  const agents = listAgents(reader);
  const head = {
    format: exportFormat,
    product: { name: 'Reveille', version },
    exportedAt: toIso(at),
    folder,
    org: { name: org, createdAt: toIso(oldestOf(agents)) },
    agents: Object.fromEntries(agents.map((row) => [row.key, exportAgent(row)])),
    heartbeats: heartbeatsOf(reader, agents),
  };
  await write(JSON.stringify(head, null, 2).slice(0, -2));
  for (const [name, pages] of Object.entries(lists(reader))) await writeList(write, name, pages);
  await write('\n}\n');
}

function oldestOf(agents: readonly AgentRow[]): number | null {
  return agents.length === 0 ? null : Math.min(...agents.map(({ anchorAt }) => anchorAt));
}

function heartbeatsOf(reader: Reader, agents: readonly AgentRow[]): Record<string, object> {
  const entries = agents.map((row) => [row.key, exportHeartbeat(row, findLastScheduledRun(reader, row.key))] as const);
  return Object.fromEntries(entries.filter((entry): entry is [string, object] => entry[1] !== null));
}

/** The pages of each list, in the order of the file. */
function lists(reader: Reader): Readonly<Record<string, Iterable<object[]>>> {
  const before = (last: { readonly number: number } | null): number => last?.number ?? newest;
  return {
    events: pages((last) => listActivity(reader, { before: before(last), limit: pageRows }), exportEvent),
    issues: pages(
      (last) => listIssues(reader, { before: before(last), limit: pageRows, includeClosed: true }),
      exportIssue,
    ),
    comments: pages((last) => listAllComments(reader, before(last), pageRows), exportComment),
    sessions: pages((last) => listSessions(reader, { before: last ?? undefined, limit: pageRows }), exportSession),
    runs: pages((last) => listRuns(reader, { before: before(last), limit: pageRows }), exportRun),
    wakeups: pages((last) => listWakeups(reader, before(last), pageRows), exportWakeup),
    usage: pages((last) => listUsageRows(reader, last, pageRows), exportUsage),
    skips: pages((last) => listSkipRows(reader, last, pageRows), exportSkips),
  };
}

function* pages<T>(next: (last: T | null) => T[], toExported: (row: T) => object): Iterable<object[]> {
  for (let page = next(null); page.length > 0; page = next(page.at(-1) ?? null)) {
    yield page.map(toExported);
    if (page.length < pageRows) return;
  }
}

async function writeList(write: Write, name: string, listed: Iterable<object[]>): Promise<void> {
  let separator = '\n';
  await write(`,\n  ${JSON.stringify(name)}: [`);
  for (const page of listed) {
    const rows = page.map((row) => `    ${JSON.stringify(row)}`);
    if (rows.length > 0) await write(separator + rows.join(',\n'));
    if (rows.length > 0) separator = ',\n';
    await new Promise((resolve) => setImmediate(resolve));
  }
  await write(separator === '\n' ? ']' : '\n  ]');
}
