import assert from 'node:assert/strict';
import type { CliEvent, CliResult } from '../support/cliProgram.ts';

/** The last line of claude's output. */
interface Result extends CliEvent {
  readonly is_error: boolean;
  readonly result?: string;
  readonly errors?: readonly string[];
  readonly session_id: string;
  readonly total_cost_usd: number;
  readonly usage: Readonly<Record<string, number>>;
  readonly model_usage_since_last_result: Readonly<Record<string, { readonly costUSD: number }>>;
  readonly permission_denials: readonly { readonly tool_name: string }[];
  readonly terminal_reason?: string;
}

/** The last result; a run may have several. */
export const resultOf = ({ events, stderr }: CliResult): Result => {
  const result = events.findLast(({ type }) => type === 'result');
  assert(result !== undefined, `There is no result: ${stderr}`);
  return result as Result;
};
/** Its first report: model, tools, MCP servers. */
export const initOf = ({ events }: CliResult) => events.find(({ subtype }) => subtype === 'init');
/** What one result reports since the one before, in dollars. */
export const costOf = (result: Result): number =>
  Object.values(result.model_usage_since_last_result).reduce((sum, { costUSD }) => sum + costUSD, 0);
