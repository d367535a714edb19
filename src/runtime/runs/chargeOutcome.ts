import type { AgentDefinition } from '../definition.ts';
import { chargeRun, type ListPrice } from '../governance/charge.ts';
import { emptyLedger, nothingStarted } from '../governance/ledger.ts';
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
 * The list is large, and loaded when the first run has said something of its usage.
 */
export async function chargeOutcome<Outcome extends Pick<ProcessOutcome, 'ledger'>>(
  { ledger = emptyLedger, ...outcome }: Outcome,
  of: { readonly definition: AgentDefinition; readonly formerTotals: readonly SessionTotal[]; readonly at: number },
): Promise<Omit<Outcome, 'ledger'> & ChargedUsage> {
  const { definition, formerTotals, at } = of;
  const model = definition.claude?.model ?? definition.codex?.model ?? null;
  const listPrice =
    ledger === emptyLedger || ledger === nothingStarted ? nothingListed : await listPriceOf(definition, at);
  const { usage, nextTotals } = chargeRun(ledger, { formerTotals, model, listPrice });
  return { ...outcome, usage, sessionTotals: nextTotals };
}

const nothingListed: ListPrice = () => null;

async function listPriceOf(definition: AgentDefinition, at: number): Promise<ListPrice> {
  const { listPriceAt } = await import('../governance/prices.ts');
  return listPriceAt(definition, at);
}
