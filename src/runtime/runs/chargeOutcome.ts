import type { AgentDefinition } from '../definition.ts';
import { chargeRun } from '../governance/charge.ts';
import { emptyLedger } from '../governance/ledger.ts';
import { listPriceAt } from '../governance/prices.ts';
import type { SessionTotal } from '../governance/sessionTotals.ts';
import type { RunUsage } from '../model.ts';
import type { ProcessOutcome } from './processOutcome.ts';

/** What a run was charged, and what its conversation comes to with it. */
export interface ChargedUsage {
  readonly usage: RunUsage | null;
  /** What to hand to the charge of the next run of the same conversation. */
  readonly sessionTotals: readonly SessionTotal[];
}

/**
 * How a run came out, with what it is charged in the place of what was said of its usage. `formerTotals` are those that
 * its conversation had when it began, none for one that began with it; `at` (epoch ms) is when list prices are looked up for.
 */
export function chargeOutcome<Outcome extends Pick<ProcessOutcome, 'ledger'>>(
  { ledger = emptyLedger, ...outcome }: Outcome,
  of: { readonly definition: AgentDefinition; readonly formerTotals: readonly SessionTotal[]; readonly at: number },
): Omit<Outcome, 'ledger'> & ChargedUsage {
  const { definition, formerTotals, at } = of;
  const model = definition.claude?.model ?? definition.codex?.model ?? null;
  const { usage, nextTotals } = chargeRun(ledger, { formerTotals, model, listPrice: listPriceAt(definition, at) });
  return { ...outcome, usage, sessionTotals: nextTotals };
}
