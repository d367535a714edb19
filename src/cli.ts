import { dayCostText, runCostText } from './costText.ts';
import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import * as path from 'node:path';
import { parseArgs } from 'node:util';
import { describeVerification } from './auditText.ts';
import { checkAgents } from './cliDoctor.ts';
import { issueCommands, issueUsage } from './cliIssues.ts';
import { followRun, printRunLog } from './cliLog.ts';
import { endWithReader } from './cliOutput.ts';
import { secretCommands, secretUsage } from './cliSecrets.ts';
import { sessionCommands, sessionUsage } from './cliSessions.ts';
import { stateCommands, stateUsage } from './cliState.ts';
import { printUsage, usageUsage } from './cliUsage.ts';
import { inspectOwner } from './endpoint/ownerRecord.ts';
import { ownBuild } from './endpoint/ownBuild.ts';
import { Registry } from './endpoint/registry.ts';
import { StopFlag } from './endpoint/stopFlag.ts';
import { stateDirectory } from './endpoint/stateDirectory.ts';
import { RuntimeFolderConnection } from './connection/folderConnection.ts';
import { formatAhead, formatDuration, formatOutcome, formatWait, runDurationMs, untranslated } from './format.ts';
import { systemClock } from './runtime/clock.ts';
import { beyondAgents, toError, UserError } from './runtime/errors.ts';
import type { Logger } from './runtime/log.ts';
import type { Run } from './runtime/model.ts';
import { isAlive } from './runtime/processIdentity.ts';
import { toBaseEnvironment } from './runtime/runs/environment.ts';
import { describeHeartbeats } from './heartbeatText.ts';
import { toReadable } from './terminalText.ts';
import { describeSimulation } from './simulationText.ts';
import { readingOf } from './transcriptReaders.ts';
import { describeQueue, describeWhy } from './whyText.ts';

const usage = `reveille <command> [--folder DIR]

  status                     agents, what runs and what waits
  accept                     show what waits for your consent, and accept it
  wake <agent>               wake an agent; --message TEXT tells it something; --fresh: in a new session; --follow prints its output
  cancel <run>               end a run; --pause also pauses its agent
  terminate <agent>          end what it does and waits for, and let nothing wake it any more; --yes
  questions                  what agents ask, newest first, with the answers that they offer
  answer <question> <text>   answer one; the run that waits gets it, or the agent is woken with it
  queue                      what waits, in the order in which it may start, and for what
  heartbeats                 when named heartbeats fell due, and what came of it agent by agent
  simulate                   what the schedules would start in the next seven days, what collides, what it takes
  why <agent>                why it runs or not, and what led to it, newest first
  doctor [agent]             whether an agent, or all, can work: program, login, folder, tools, secrets; exit code 1 on errors
${usageUsage}
  log <run>                  print what a run wrote, readable; --raw prints the bytes of its log
  audit verify               check the audit log; exit code 1 if something does not fit
  audit export <file>        write the audit log into a new file; --format csv (else jsonl), --texts for what people wrote
${issueUsage}
${sessionUsage}
${secretUsage}
${stateUsage}
  stop-everything            cancel all runs in every folder and hold all wakes
  release                    let them go on
  stop-runtime               end the runtime of the folder; what runs is cancelled`;

endWithReader(process);
const { values, positionals } = parseWords();

function parseWords() {
  try {
    return parseArgs({
      allowPositionals: true,
      options: {
        folder: { type: 'string', default: process.cwd() },
        message: { type: 'string' },
        follow: { type: 'boolean', default: false },
        fresh: { type: 'boolean', default: false },
        format: { type: 'string', default: 'jsonl' },
        texts: { type: 'boolean', default: false },
        body: { type: 'string' },
        assign: { type: 'string' },
        parent: { type: 'string' },
        'blocked-by': { type: 'string', multiple: true },
        by: { type: 'string' },
        days: { type: 'string' },
        json: { type: 'boolean', default: false },
        all: { type: 'boolean', default: false },
        pause: { type: 'boolean', default: false },
        raw: { type: 'boolean', default: false },
        yes: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
      },
    });
  } catch (error) {
    process.stderr.write(`${toError(error).message}\n\n${usage}\n`);
    process.exit(1);
  }
}

const quiet: Logger = {
  trace: () => undefined,
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: (message, ...details) => {
    process.stderr.write(`${[message, ...details.map(String)].join(' ')}\n`);
  },
};

const printing = { isRaw: values.raw, readingOf, write: (text: string) => void process.stdout.write(text) };

type Connection = RuntimeFolderConnection;
type Command = (connection: Connection, argument: string | undefined) => Promise<number>;

/** Each command answers the exit code. */
const commands: Readonly<Record<string, Command>> = {
  status: async (connection) => {
    const state = await firstState(connection);
    print(`${connection.path}  runtime ${String(state.runtime.pid)}, version ${state.runtime.version}`);
    if (state.runtime.isStopped) print('Everything is stopped; "reveille release" lets it go on.');
    for (const { message, line } of state.configuration.problems) print(`reveille.yaml:${String(line)}: ${message}`);
    for (const agent of state.agents.values()) {
      print(`${agent.key.padEnd(20)} ${agent.status.padEnd(18)} ${agent.commandLine}`);
      const { limitedUntil, isTripped, statusReason, today } = agent;
      const cost = dayCostText([today], Date.now(), untranslated);
      if (cost !== null) print(`${''.padEnd(21)}runs today: ${String(today.runs)}, ${cost}`);
      if (isTripped && statusReason !== null) print(`${''.padEnd(21)}${statusReason}`);
      if (limitedUntil !== null && limitedUntil > Date.now()) {
        print(`${''.padEnd(21)}limit reached, tries again at ${formatAhead(limitedUntil, Date.now())}`);
      }
    }
    for (const run of state.runs.values())
      if (run.finishedAt === null)
        print(`${run.id}  ${run.agent}  ${describe(run, state.agents.get(run.agent)?.retries)}`);
    return 0;
  },
  accept: async (connection) => {
    const { configuration } = await firstState(connection);
    const current = await connection.request('configuration.reload', {});
    if (current.status === 'invalid') {
      for (const { message, line } of current.problems) print(`reveille.yaml:${String(line)}: ${message}`);
      return 1;
    }
    if (current.status === 'missing') throw new UserError('configuration', `There is no ${configuration.path}.`);
    for (const { agent, summary } of current.pending) print(`${agent}: ${summary}`);
    if (current.pending.length === 0) print('Nothing waits for your consent.');
    else await connection.request('configuration.accept', { hashes: current.pending.map(({ hash }) => hash) });
    return 0;
  },
  wake: async (connection, agent) => {
    const { message } = values;
    const asked = named(agent, 'an agent');
    const outcome = await connection.request('agent.wake', {
      agent: asked,
      reason: 'Woken from the command line',
      isFresh: values.fresh,
      ...(message !== undefined && { text: message }),
    });
    print(outcome.message);
    if (outcome.status === 'refused') return 1;
    if (!values.follow || outcome.runId === null) return 0;
    return (await followRun(connection, outcome.runId, printing)) ? 0 : 1;
  },
  cancel: async (connection, runId) => {
    const { followUps } = await connection.request('run.cancel', { runId: named(runId, 'a run'), pause: values.pause });
    if (followUps.kind === 'discarded')
      print(`Wakes that waited behind it and were discarded: ${String(followUps.count)}.`);
    if (followUps.kind === 'confirm')
      print('Messages wait behind it: "reveille queue" shows them; the editor asks whether to continue.');
    return 0;
  },
  terminate: async (connection, agent) => {
    const asked = named(agent, 'an agent');
    if (!values.yes) {
      print(
        `${asked} would be terminated: its runs are cancelled, what waits is discarded, and nothing wakes it any more.`,
      );
      print('Nothing was changed. Say it again with --yes to do it.');
      return 1;
    }
    const { cancelled } = await connection.request('agent.terminate', {
      agent: asked,
      reason: 'Terminated from the command line',
    });
    print(`${asked} is terminated; runs cancelled: ${String(cancelled)}.`);
    return 0;
  },
  why: async (connection, agent) => {
    const why = await connection.request('agent.explain', { agent: named(agent, 'an agent'), limit: 50 });
    for (const line of describeWhy(why, (at) => new Date(at).toLocaleString(), untranslated)) print(line);
    return 0;
  },
  doctor: async (connection, agent) => {
    const agents = agent === undefined ? [...(await firstState(connection)).agents.keys()] : [agent];
    return (await checkAgents(connection, agents, print)) ? 0 : 1;
  },
  questions: async (connection) => {
    const { questions } = await connection.request('question.list', { limit: 200 });
    for (const { id, agent, text, choices } of questions) {
      print(
        `${id}  ${agent}  ${oneLine(text)}${choices.length === 0 ? '' : `  (${choices.map(oneLine).join(' | ')})`}`,
      );
    }
    if (questions.length === 0) print('No question waits for you.');
    return 0;
  },
  answer: async (connection, questionId) => {
    const answer = positionals.slice(2).join(' ').trim();
    if (answer === '') throw new UserError('invalid', `Say "answer <question> <text>".\n\n${usage}`);
    const { message } = await connection.request('question.answer', {
      questionId: named(questionId, 'a question'),
      answer,
    });
    print(message);
    return 0;
  },
  queue: async (connection) => {
    const waiting = await connection.request('queue.list', { limit: 200 });
    for (const line of describeQueue(waiting, Date.now(), untranslated)) print(line);
    return 0;
  },
  heartbeats: async (connection) => {
    const found = await connection.request('heartbeat.list', { limit: 20 });
    for (const line of describeHeartbeats(found, Date.now(), untranslated)) print(line);
    return 0;
  },
  simulate: async (connection) => {
    const found = await connection.request('schedule.simulate', {});
    for (const line of describeSimulation(found, (at) => new Date(at).toLocaleString(), untranslated)) print(line);
    return 0;
  },
  usage: (connection) => printUsage({ connection, options: values, now: Date.now(), print }),
  log: async (connection, runId) => {
    await printRunLog(connection, named(runId, 'a run'), printing);
    return 0;
  },
  audit: async (connection, verb) => {
    if (verb === 'verify') return verifyAudit(connection);
    if (verb === 'export') return exportAudit(connection, named(positionals[2], 'a file'));
    throw new UserError('invalid', `Say "audit verify" or "audit export <file>".\n\n${usage}`);
  },
  'stop-runtime': async (connection) => {
    await connection.request('runtime.stop', { mode: 'now', reason: 'Asked for from the command line' });
    return 0;
  },
};

async function verifyAudit(connection: Connection): Promise<number> {
  const found = await connection.request('activity.verify', {});
  for (const line of describeVerification(found, untranslated)) print(line);
  return found.fault === null ? 0 : 1;
}

async function exportAudit(connection: Connection, name: string): Promise<number> {
  const { format, texts } = values;
  if (format !== 'jsonl' && format !== 'csv') throw new UserError('invalid', 'The format is jsonl or csv.');
  const file = path.resolve(name);
  if (existsSync(file)) throw new UserError('invalid', `${file} exists already. Name a new file.`);
  const { rows } = await connection.request('activity.export', { path: file, format, includeTexts: texts });
  print(`Entries written to ${file}: ${String(rows)}.`);
  return 0;
}

function describe(run: Run, retries?: number): string {
  const duration = runDurationMs(run);
  const outcome = formatOutcome(run, untranslated);
  const waits =
    run.heldFor === null ? '' : ` (${formatWait(run, retries, Date.now(), untranslated) ?? `waits: ${run.heldFor}`})`;
  const cost = runCostText(run.usage, untranslated);
  const costs = cost === null ? '' : ` (${cost})`;
  return duration === null ? `${outcome}${waits}` : `${outcome} after ${formatDuration(duration)}${costs}`;
}

async function firstState(connection: Connection) {
  await connection.request('runtime.status', {});
  if (connection.state) return connection.state;
  throw new UserError('unreachable', 'The runtime of this folder does not answer. Try again.');
}

function stateCommand(name: string): Command | undefined {
  const command = stateCommands[name];
  if (!command) return undefined;
  return (connection, argument) =>
    command({ connection, named: (what) => named(argument, what), isSure: values.yes, print });
}

function sessionCommand(name: string): Command | undefined {
  const command = sessionCommands[name];
  return command && ((connection) => command({ connection, words: positionals.slice(1), now: Date.now(), print }));
}

function secretCommand(name: string): Command | undefined {
  const command = secretCommands[name];
  return command && ((connection) => command({ connection, words: positionals.slice(1), input: process.stdin, print }));
}

function issueCommand(name: string): Command | undefined {
  const command = issueCommands[name];
  return command && ((connection) => command({ connection, words: positionals.slice(1), options: values, print }));
}

/** What an agent wrote, without what would steer the terminal. */
function oneLine(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, ' ').trim();
}

function named(argument: string | undefined, what: string): string {
  if (argument !== undefined) return argument;
  throw new UserError('invalid', `Name ${what}.\n\n${usage}`);
}

/** Much of it was written by agents: nothing of that steers the terminal. */
function print(line: string): void {
  process.stdout.write(`${toReadable(line)}\n`);
}

function openRegistry(): Registry {
  return Registry.open(stateDirectory({ platform: process.platform, env: process.env, home: homedir() }));
}

/** Works without any runtime: those that live notice it at once, others when they start. */
function setStopped(isStopped: boolean): number {
  const registry = openRegistry();
  const flag = new StopFlag(registry.directory);
  if (isStopped) flag.set('Stopped from the command line', Date.now());
  else flag.release();
  const live = registry.list().filter(({ store }) => {
    const owner = inspectOwner(store);
    return owner.kind === 'record' && !owner.record.released && isAlive(owner.record.identity);
  });
  print(`${isStopped ? 'Stopped' : 'Released'} everything; runtimes alive: ${String(live.length)}.`);
  return 0;
}

async function main(): Promise<number> {
  const [name = '', argument] = positionals;
  if (values.help || name === '') {
    print(usage);
    return values.help ? 0 : 1;
  }
  // Set for the programs of a run: then an agent asks, with an agent's rights.
  const runId = process.env['REVEILLE_RUN_ID'];
  if (runId !== undefined && (stateCommands[name] || ['stop-everything', 'release'].includes(name))) {
    throw beyondAgents();
  }
  if (name === 'stop-everything' || name === 'release') return setStopped(name === 'stop-everything');
  const command =
    commands[name] ?? issueCommand(name) ?? sessionCommand(name) ?? secretCommand(name) ?? stateCommand(name);
  if (!command) throw new UserError('invalid', `There is no command "${name}".\n\n${usage}`);
  const folder = path.resolve(values.folder);
  const registry = openRegistry();
  const connection = new RuntimeFolderConnection(
    { name: path.basename(folder), path: folder },
    {
      kind: 'cli',
      isTrusted: true,
      environment: toBaseEnvironment(process.platform, process.env),
      ...(runId !== undefined && { runId }),
    },
    {
      registry: () => registry,
      storagePath: registry.directory,
      runtimeEntry: path.join(__dirname, 'runtime.js'),
      isBundled: true,
      execPath: process.execPath,
      env: process.env,
      build: ownBuild,
      clock: systemClock,
      logger: quiet,
    },
  );
  connection.watchLogs(true);
  connection.start();
  try {
    return await command(connection, argument);
  } finally {
    connection.dispose();
  }
}

main().then(
  (code) => {
    process.exitCode = code;
  },
  (error: unknown) => {
    process.stderr.write(`${toReadable(error instanceof UserError ? error.message : String(toError(error).stack))}\n`);
    process.exitCode = 1;
  },
);
