import type { FolderConnection } from '../../connection/connection.ts';
import type { Translate } from '../../format.ts';
import { describeSimulation } from '../../simulationText.ts';
import { describeWhy } from '../../whyText.ts';

const pageSize = 200;
const formatTime = (at: number): string => new Date(at).toLocaleString();

/** Why an agent woke and why it did not, as a readable document. */
export async function readWhyText(
  connection: Pick<FolderConnection, 'request'>,
  agent: string,
  t: Translate,
): Promise<string> {
  const why = await connection.request('agent.explain', { agent, limit: pageSize });
  return toDocument(t('Why did {0} (not) wake?', agent), describeWhy(why, formatTime, t));
}

/** What the schedules of a folder would start in the next seven days, as a readable document. */
export async function readSimulationText(connection: Pick<FolderConnection, 'request'>, t: Translate): Promise<string> {
  const found = await connection.request('schedule.simulate', {});
  return toDocument(t('The next seven days'), describeSimulation(found, formatTime, t));
}

function toDocument(title: string, lines: readonly string[]): string {
  return [title, '', ...lines, ''].join('\n');
}
