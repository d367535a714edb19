import { chargeRun } from '../../src/runtime/governance/charge.ts';
import { emptyLedger } from '../../src/runtime/governance/ledger.ts';
import type { RunUsage } from '../../src/runtime/model.ts';
import type { ProcessOutcome } from '../../src/runtime/runs/processOutcome.ts';

/** What the program of a run said that it used, where no list price is known. */
export function usageOf({ ledger = emptyLedger }: Pick<ProcessOutcome, 'ledger'>): RunUsage | null {
  return chargeRun(ledger, { formerTotals: [], model: null, listPrice: () => null }).usage;
}
