import { clearNextHeartbeats } from './agentTable.ts';
import { listNamedSchedules, setNamedNext } from './heartbeatTable.ts';
import { withSetting } from './imageContent.ts';
import { readSetting, deleteSetting } from './settingTable.ts';
import type { Reader, Writer } from './store.ts';

/** That a state came out of a backup, and how; stands in the state until a runtime has dealt with it. */
export interface Restoration {
  /** Name of the backup's file. */
  readonly backup: string;
  /** When it was restored, epoch ms. */
  readonly at: number;
  /** When something last happened in it, epoch ms. */
  readonly newestAt: number | null;
}

const name = 'restoration';

/** The image with a note in it for the runtime that opens it first. */
export function noteRestoration(image: Uint8Array, wasmPath: string, restoration: Restoration): Promise<Uint8Array> {
  return withSetting(image, wasmPath, { name, value: JSON.stringify(restoration) });
}

/** Null unless the state was restored and no runtime has served it since. */
export function readRestoration(reader: Reader): Restoration | null {
  const text = readSetting(reader, name);
  return text === null ? null : (JSON.parse(text) as Restoration);
}

/** Forgets the note and the planned heartbeats: those of the time since the backup have had their runs in the state that was replaced. */
export function forgetRestoration(writer: Writer): void {
  deleteSetting(writer, name);
  clearNextHeartbeats(writer);
  for (const id of listNamedSchedules(writer)) setNamedNext(writer, id, null);
}
