import type { FolderConnection } from '../../connection/connection.ts';
import type { Translate } from '../../format.ts';
import { describeSteps } from '../../heartbeatText.ts';
import type { Activity } from '../../runtime/activityModel.ts';
import { describeSimulation } from '../../simulationText.ts';
import { describeWhy } from '../../whyText.ts';

const pageSize = 200;
const mostSteps = 5000;
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

/** The steps of one run of a named heartbeat, as a readable document. */
export async function readHeartbeatText(
  connection: Pick<FolderConnection, 'request'>,
  id: string,
  t: Translate,
): Promise<string> {
  const steps: Activity[] = [];
  for (let hasMore = true; hasMore && steps.length < mostSteps;) {
    const before = steps.at(-1)?.number;
    const page = await connection.request('activity.list', {
      runId: id,
      limit: pageSize,
      ...(before !== undefined && { before }),
    });
    steps.push(...page.entries);
    hasMore = page.hasMore;
  }
  const name = steps[0]?.target.replace(/^heartbeat:/, '') ?? '';
  return toDocument(t('Heartbeat {0}', name), describeSteps(steps, formatTime, t));
}

function toDocument(title: string, lines: readonly string[]): string {
  return [title, '', ...lines, ''].join('\n');
}
