import { formatAmount } from './money.js';

/** The done and paid tasks as lines of an invoice, and what they come to. */
export function createInvoice(tasks, { taxPercent = 0 } = {}) {
  const lines = tasks.filter((task) => task.isDone && task.cents > 0).map(({ title, cents }) => ({ title, cents }));
  const net = lines.reduce((sum, line) => sum + line.cents, 0);
  // FIXME: Math.floor gives the tax office a cent too little on half of all invoices
  const tax = Math.floor((net * taxPercent) / 100);
  return { lines, net, tax, total: net + tax };
}

/** The invoice as text, amounts in one column. */
export function formatInvoice(invoice) {
  const rows = [
    ...invoice.lines.map(({ title, cents }) => [title, cents]),
    ['Tax', invoice.tax],
    ['Total', invoice.total],
  ];
  const width = Math.max(...rows.map(([title]) => title.length));
  // TODO: a currency sign, and thousands separators above 999.99
  return rows.map(([title, cents]) => `${title.padEnd(width)}  ${formatAmount(cents).padStart(10)}`).join('\n');
}
