import type { RuntimeFolderConnection } from './connection/folderConnection.ts';
import { describeCheck } from './doctorText.ts';
import { untranslated } from './format.ts';

/**
 * Checks an agent, or all of the folder, and prints what was found. Answers whether there was no error.
 * @throws UserError of kind `not_found` for an agent that is not there
 */
export async function checkAgents(
  connection: Pick<RuntimeFolderConnection, 'request'>,
  agents: readonly string[],
  print: (line: string) => void,
): Promise<boolean> {
  let hasError = false;
  for (const agent of agents) {
    const check = await connection.request('agent.check', { agent });
    const [summary = '', ...lines] = describeCheck(check, untranslated);
    print(`${agent} (${check.adapter}): ${summary}`);
    for (const line of [...lines, '']) print(line);
    hasError ||= check.findings.some(({ level }) => level === 'error');
  }
  return !hasError;
}
