import type { CliSetup } from '../support/cliSetup.ts';
import type { CliStage } from '../support/cliStage.ts';

const secret = 'BOARD_AUTHORIZATION';

/** The fake MCP server in the configuration of an agent: what it is reached by is a secret. */
export const boardServer = ({ board }: CliSetup) => ({ url: board.url, headers: { Authorization: { secret } } });

/** Gives the runtime that secret. */
export async function offerBoardSecret({ setup, window }: CliStage): Promise<void> {
  await window.connection.request('secrets.offer', { values: { [secret]: `Bearer ${setup.board.token}` } });
}
