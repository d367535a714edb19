import { realpathSync } from 'node:fs';
import * as path from 'node:path';
import { setImmediate as pause } from 'node:timers/promises';
import { UserError } from '../errors.ts';
import type { AuditHead } from '../governance/auditHead.ts';
import type { AuditKeys } from '../governance/auditKeys.ts';
import { exportActivity, isWithin, parseDetails } from '../governance/exportActivity.ts';
import { verifyActivity } from '../governance/verifyActivity.ts';
import type { Activity } from '../activityModel.ts';
import type { RequestHandlers } from '../server.ts';
import { listActivity, type ActivityWithText } from '../store/activityTable.ts';
import type { Store } from '../store/store.ts';
import { assertTrusted } from './agentRequests.ts';

type ActivityRequests = Pick<RequestHandlers, 'activity.list' | 'activity.verify' | 'activity.export'>;

/** Characters of a text that a list shows. */
const shownCharacters = 1000;

/** Requests about the audit log. */
export function activityRequests(options: {
  readonly store: Store;
  readonly keys: AuditKeys;
  readonly head: AuditHead;
  /** Absolute paths of our own directories, in which nothing is ever written for a client. */
  readonly ownDirectories: readonly string[];
}): ActivityRequests {
  const { store, keys, head, ownDirectories } = options;
  return {
    'activity.list': ({ before, agent, runId, limit }) => {
      const rows = listActivity(store, { before, agent, runId, limit: limit + 1 });
      return { entries: rows.slice(0, limit).map(toActivity), hasMore: rows.length > limit };
    },
    'activity.verify': async () => {
      const findHeadProblem = () => head.findProblem();
      const figures = await verifyActivity({ reader: store, keyOf: keys.find, findHeadProblem, pause: () => pause() });
      const reading = head.read();
      return {
        ...figures,
        hasKey: keys.current !== null,
        head: typeof reading === 'string' ? reading : 'present',
      };
    },
    'activity.export': async ({ path: file, format, includeTexts }, client) => {
      assertTrusted(client);
      assertForeign(file, ownDirectories);
      const rows = await exportActivity({
        reader: store,
        path: file,
        format,
        includeTexts: includeTexts ?? false,
        pause: () => pause(),
      });
      return { rows };
    },
  };
}

function toActivity(row: ActivityWithText): Activity {
  const { textHash, keyId, hash: _hash, details, text, ...fields } = row;
  const parsed = parseDetails(details);
  return {
    ...fields,
    details: isRecord(parsed) ? parsed : { details: parsed },
    // Not cut in the middle of a character.
    text: text === null ? null : text.slice(0, shownCharacters).toWellFormed(),
    isTextErased: textHash !== null && text === null,
    isKeyed: keyId !== null,
  };
}

/** @throws UserError of kind `invalid` for a place that is not absolute, or that is our own */
function assertForeign(file: string, ownDirectories: readonly string[]): void {
  if (!path.isAbsolute(file)) throw new UserError('invalid', `Name the file by its whole path instead of ${file}.`);
  const place = path.join(realOf(path.dirname(file)), path.basename(file));
  if (!ownDirectories.some((directory) => isWithin(realOf(directory), place))) return;
  throw new UserError('invalid', `${file} lies where Reveille keeps its own state. Choose another folder.`);
}

function realOf(directory: string): string {
  try {
    return realpathSync(directory);
  } catch {
    // It does not exist; writing there will say so.
    return directory;
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
