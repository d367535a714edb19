import type { OnlyIfKind } from '../model.ts';
import { readSetting, writeSetting } from './settingTable.ts';
import type { Reader, Writer } from './store.ts';

/** What is known of the things that `onlyIf` names; one that is not there is not known. */
export type Evidence = ReadonlyMap<OnlyIfKind, string>;

/** The errors and warnings of a folder, as a window told them. */
export interface DiagnosticsReport {
  /** SHA-256 in hex. */
  readonly digest: string;
  readonly errors: number;
  readonly warnings: number;
}

const reportName = 'diagnostics';

/** How an agent's last run left things. */
export function readEvidence(reader: Reader, agent: string): Evidence {
  const rows = reader.all('SELECT kind, value FROM evidence WHERE agent = ?', [agent]);
  return new Map(rows.map(([kind, value]) => [kind as OnlyIfKind, value as string]));
}

/** Replaces what is known of how an agent's last run left things. `at`: epoch ms. */
export function writeEvidence(writer: Writer, agent: string, evidence: Evidence, at: number): void {
  deleteEvidence(writer, agent);
  for (const [kind, value] of evidence) {
    writer.run('INSERT INTO evidence (agent, kind, value, at) VALUES (?, ?, ?, ?)', [agent, kind, value, at]);
  }
}

export function deleteEvidence(writer: Writer, agent: string): void {
  writer.run('DELETE FROM evidence WHERE agent = ?', [agent]);
}

/** The last report of a window; null if there never was one. */
export function readDiagnostics(reader: Reader): DiagnosticsReport | null {
  const json = readSetting(reader, reportName);
  return json === null ? null : (JSON.parse(json) as DiagnosticsReport);
}

export function writeDiagnostics(writer: Writer, { digest, errors, warnings }: DiagnosticsReport): void {
  writeSetting(writer, reportName, JSON.stringify({ digest, errors, warnings }));
}
