import type { Translate } from './format.ts';
import type { ActivityFault, ActivityVerification } from './runtime/activityModel.ts';

/** What a person is told of a verification: the first line says whether the log is whole. */
export function describeVerification(found: ActivityVerification, t: Translate): string[] {
  if (found.fault !== null) return [describeFault(found.fault, t), ...describeKeys(found, t)];
  return [
    found.rows === 1
      ? t('The audit log is whole: 1 entry fits.')
      : t('The audit log is whole: {0} entries fit.', found.rows),
    ...describeGaps(found, t),
    ...describeKeys(found, t),
    ...describeHead(found, t),
  ];
}

function describeFault({ problem, number, at, action }: ActivityFault, t: Translate): string {
  const entry = action === null ? t('Entry {0}', number) : t('Entry {0} ({1}, {2})', number, action, formatTime(at));
  switch (problem) {
    case 'hash':
      return t('{0} does not fit: it, or the one before it, was changed after it had been written.', entry);
    case 'missing':
      return t('{0} is missing.', entry);
    case 'inserted':
      return t('{0} does not belong here: it was put in.', entry);
    case 'text':
      return t('{0} does not fit: the text beside it was changed.', entry);
    case 'wrong_key':
      return t('{0} does not fit: it was not written with the key that was in use.', entry);
    case 'anchor':
      return t('The entries up to number {0} were removed, but not by retention.', number);
    case 'cut':
      return t(
        'The end of the audit log is missing: entry {0} and what followed, known to exist at {1}.',
        number,
        formatTime(at),
      );
    case 'replaced':
      return t(
        'Entry {0} is not the one that stood there at {1}: the end of the audit log was replaced.',
        number,
        formatTime(at),
      );
    case 'head_forged':
      return t('The note of where the audit log ends was not written by Reveille.');
  }
}

function describeGaps({ removed, removedUntil, erasedTexts }: ActivityVerification, t: Translate): string[] {
  const lines: string[] = [];
  if (removed > 0)
    lines.push(t('Retention has removed the entries up to number {0} ({1}).', removed, formatTime(removedUntil)));
  if (erasedTexts > 0) lines.push(t('Texts that were erased: {0}. Their entries fit.', erasedTexts));
  return lines;
}

function describeKeys({ hasKey, rows, unkeyed, unknownKey }: ActivityVerification, t: Translate): string[] {
  const lines: string[] = [];
  if (unknownKey > 0) {
    lines.push(
      t(
        'Written with a key that is not at hand: {0}. Of these only place and text were checked; open the window that has the key to check them in full.',
        unknownKey,
      ),
    );
  }
  if (!hasKey)
    lines.push(t('No key is at hand: the audit log is protected against accidents only, not against forgery.'));
  else if (unkeyed > 0 && unkeyed < rows) {
    lines.push(
      t('Written before a window had brought the key: {0}. The entries that follow them vouch for them.', unkeyed),
    );
  }
  return lines;
}

function describeHead({ head }: ActivityVerification, t: Translate): string[] {
  if (head === 'present') return [];
  if (head === 'missing') return [t('Where it ends was not noted outside yet, so a cut end would not show.')];
  return [t('The note of where it ends cannot be read, so a cut end would not show.')];
}

function formatTime(at: number | null): string {
  if (at === null || Number.isNaN(new Date(at).getTime())) return '?';
  return `${new Date(at).toISOString().slice(0, 16).replace('T', ' ')} UTC`;
}
