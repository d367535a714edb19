import { access, constants, stat } from 'node:fs/promises';
import type { Adapter, Finding, Plan, Probe, RunRequest } from '../adapters/adapter.ts';
import { toRunEnvironment } from '../adapters/runEnvironment.ts';
import type { Clock } from '../clock.ts';
import { secretNamesOf, type AgentDefinition } from '../definition.ts';
import { toError } from '../errors.ts';
import type { ChildStarter } from './childStarter.ts';
import { findProgram, type ProgramPlace } from './findProgram.ts';
import { checkMcpServer, withoutSecrets } from './mcpFindings.ts';
import { runProbe } from './probe.ts';
import type { ProcessTrees } from './processTree.ts';
import { findTemplateMistakes } from '../prompts/promptTemplate.ts';
import { renderPrompt } from '../prompts/prompt.ts';
import { describeEnvironment, type EnvironmentEntry } from './describeEnvironment.ts';
import { runDirectoryOf } from './runFiles.ts';
import { reachServer } from './reachServer.ts';
import { RunRedaction, type RunSecrets } from './runSecrets.ts';
import { shortestSecret } from './secretForms.ts';

/** What a wake now would start; nothing of it was. */
export interface DryRun {
  /** The command line, or the address of a server. */
  readonly line: string;
  /** Null where a server does the work. */
  readonly cwd: string | null;
  /** Without the values. */
  readonly environment: readonly EnvironmentEntry[];
  /** What the agent would be told. */
  readonly prompt: string;
}

/** What is known about an agent's set-up. */
export interface Checkup {
  /** Epoch ms. */
  readonly at: number;
  readonly findings: readonly Finding[];
  /** Null if nothing could be started. */
  readonly dryRun: DryRun | null;
}

export interface DoctorOptions {
  readonly adapterOf: (type: AgentDefinition['adapter']) => Adapter;
  readonly starter: ChildStarter;
  readonly trees: Pick<ProcessTrees, 'watch'>;
  readonly clock: Clock;
  readonly newId: () => string;
  readonly secrets: Pick<RunSecrets, 'presentOf' | 'known' | 'isUsed'>;
  readonly commandLine: (program: { command: string; args: readonly string[]; shell: boolean }) => string;
  /** What the next run of this folder would get of the machine. */
  readonly baseEnvironment: () => Readonly<Record<string, string>>;
  /** Resolves when `baseEnvironment` is what runs get. */
  readonly whenReady?: () => Promise<void>;
  readonly workspaceFolder: string;
  readonly logsDirectory: string;
}

/** Longest answer of a program or server. */
const limitMs = 10_000;
const longestText = 2000;

/**
 * Looks whether an agent could work: what a run would be started with is made and shown, its program is asked what it says of
 * itself, servers of tools whether they are there. Bounded in time, output and processes.
 */
export class Doctor {
  readonly #options: DoctorOptions;
  readonly #stopping = new AbortController();
  /** Under way, by agent. */
  readonly #checks = new Map<string, Promise<Checkup>>();

  constructor(options: DoctorOptions) {
    this.#options = options;
  }

  /**
   * Checks an agent; a second call while that is under way gets the same answer.
   * @param mayStart false for a definition that nobody accepted: nothing is started and nobody asked
   */
  check(definition: AgentDefinition, mayStart: boolean): Promise<Checkup> {
    const key = `${definition.key} ${String(mayStart)}`;
    const known = this.#checks.get(key);
    if (known) return known;
    const check = this.#check(definition, mayStart).finally(() => {
      this.#checks.delete(key);
    });
    this.#checks.set(key, check);
    return check;
  }

  /** Ends what is under way, and resolves when nothing is left of it. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await Promise.allSettled(this.#checks.values());
  }

  async #check(definition: AgentDefinition, mayStart: boolean): Promise<Checkup> {
    const { adapterOf, clock } = this.#options;
    await this.#options.whenReady?.();
    const request = this.#request(definition);
    const env = toRunEnvironment(process.platform, definition, request);
    const place = { env, cwd: definition.cwd, platform: process.platform };
    const { findings: told, probes } = adapterOf(definition.adapter).check(definition);
    const planned = this.#plan(definition, request);
    const hide = this.#hiderOf(definition);
    const [program, folder, servers] = await Promise.all([
      this.#checkProgram(planned.plan, { place, probes, mayStart, hide }),
      checkFolder(definition),
      this.#checkServers(definition, { place, secrets: request.secrets, mayAsk: mayStart }),
    ]);
    const own = [...checkSecrets(definition, request.secrets), ...checkTemplates(definition)];
    const findings = [...program, ...told, ...folder, ...own, ...servers, ...planned.findings];
    const { plan } = planned;
    return {
      at: clock.now(),
      findings: findings.map((finding) => hideIn(finding, hide)),
      dryRun: plan === null ? null : this.#show(plan, definition, { request, hide }),
    };
  }

  #request(definition: AgentDefinition): RunRequest {
    const { newId, workspaceFolder, baseEnvironment, logsDirectory, secrets } = this.#options;
    const runId = newId();
    const run = {
      id: runId,
      taskKey: 'on_demand',
      source: 'on_demand',
      reason: 'Woken by hand',
      attempt: 1,
      sessionRun: 1,
    } as const;
    const { taskKey, source, reason, sessionRun } = run;
    const facts = { definition, run, issue: null, workspaceFolder, isFresh: true, handover: null };
    return {
      runId,
      agentKey: definition.key,
      taskKey,
      session: null,
      sessionRun,
      source,
      reason,
      issue: null,
      prompt: promptOf({ ...facts, wakeups: [{ source, reason, text: null }] }, definition),
      workspaceFolder,
      baseEnvironment: baseEnvironment(),
      secrets: secrets.presentOf(definition),
      runDirectory: runDirectoryOf(logsDirectory, runId),
    };
  }

  #plan(definition: AgentDefinition, request: RunRequest): { plan: Plan | null; findings: Finding[] } {
    try {
      return { plan: this.#options.adapterOf(definition.adapter).plan(definition, request), findings: [] };
    } catch (error) {
      const text = `What would be started cannot be said: ${toError(error).message}`;
      const fix = 'Correct the definition of the agent.';
      return { plan: null, findings: [{ id: 'plan', level: 'error', text, fix }] };
    }
  }

  async #checkProgram(
    plan: Plan | null,
    about: {
      readonly place: ProgramPlace;
      readonly probes: readonly Probe[];
      readonly mayStart: boolean;
      readonly hide: (text: string) => string;
    },
  ): Promise<Finding[]> {
    if (plan === null) return [];
    const { mayStart, probes } = about;
    if (plan.kind === 'http') return mayStart ? [await this.#reach(plan.url)] : [];
    if (plan.shell) return [ok('program', 'Its command is a line for the shell; what that starts is not looked for.')];
    const file = await findProgram(plan.file, { ...about.place, env: plan.env });
    if (file === null) {
      const fix = /^\S+\s+\S/.test(plan.file)
        ? 'If it is a program with arguments, put these in args, or set shell: true.'
        : 'Install the program, or correct “command”. It is looked for on the PATH of the runtime, or of “env”.';
      return [{ id: 'program', level: 'error', text: `${plan.file} was not found.`, fix }];
    }
    const found = ok('program', `${file} is there.`);
    if (!mayStart || probes.length === 0) return [found];
    const said = await Promise.all(probes.map((probe) => this.#probe(probe, { ...plan, file }, about.hide)));
    return [found, ...said.flat()];
  }

  async #probe(
    probe: Probe,
    plan: Exclude<Plan, { kind: 'http' }>,
    hide: (text: string) => string,
  ): Promise<Finding[]> {
    const { file, cwd, env } = plan;
    const { newId, starter, trees, clock } = this.#options;
    const tools = { starter, trees, clock, limitMs, signal: this.#stopping.signal };
    const outcome = await runProbe({ file, args: probe.args, cwd, env }, newId(), tools);
    const shown = [file, ...probe.args].join(' ');
    switch (outcome.kind) {
      case 'exited':
        // Before it is cut: the beginning of a secret would not be known again.
        return [probe.judge({ ...outcome, stdout: hide(outcome.stdout), stderr: hide(outcome.stderr) })];
      case 'timed_out': {
        const text = `“${shown}” did not answer within ${String(limitMs / 1000)} s.`;
        return [{ id: probe.id, level: 'warning', text, fix: 'Run it in a terminal to see what it waits for.' }];
      }
      case 'not_started':
        return [{ id: probe.id, level: 'error', text: outcome.message, fix: null }];
      case 'aborted':
        return [];
    }
  }

  /** Whether anybody is there: without a secret, and without a word of work. */
  async #reach(url: string): Promise<Finding> {
    const signal = AbortSignal.any([this.#stopping.signal, AbortSignal.timeout(limitMs)]);
    const reach = await reachServer({ url, method: 'HEAD', headers: {} }, signal);
    const shown = withoutSecrets(url);
    if (reach.kind === 'answered') return ok('server', `A server is at ${shown}.`);
    const text = `Nobody answered at ${shown}: ${reach.reason}.`;
    return { id: 'server', level: 'error', text, fix: 'Start the server, or correct the url of the agent.' };
  }

  async #checkServers(
    definition: AgentDefinition,
    about: { readonly place: ProgramPlace; readonly secrets: RunRequest['secrets']; readonly mayAsk: boolean },
  ): Promise<Finding[]> {
    const servers = [definition.claude, definition.codex].flatMap((one) => Object.entries(one?.mcpServers ?? {}));
    const signal = (): AbortSignal => AbortSignal.any([this.#stopping.signal, AbortSignal.timeout(limitMs)]);
    const tools = { ...about, signal };
    return Promise.all(servers.map(([name, server]) => checkMcpServer(name, server, tools)));
  }

  #show(
    plan: Plan,
    definition: AgentDefinition,
    { request, hide }: { readonly request: RunRequest; readonly hide: (text: string) => string },
  ): DryRun {
    const prompt = hide(request.prompt);
    if (plan.kind === 'http') {
      return { line: `${plan.method} ${withoutSecrets(plan.url)}`, cwd: null, environment: [], prompt };
    }
    const { file: command, args, shell, cwd, env } = plan;
    const environment = describeEnvironment(process.platform, definition, env, request.baseEnvironment);
    return { line: hide(this.#options.commandLine({ command, args, shell })), cwd, environment, prompt };
  }

  /** Takes the values of secrets out of a text, whoever put them in. */
  #hiderOf(definition: AgentDefinition): (text: string) => string {
    const redaction = new RunRedaction(this.#options.secrets, definition);
    return (text) => redaction.text(text);
  }
}

function hideIn(finding: Finding, hide: (text: string) => string): Finding {
  const cut = (text: string): string => hide(text).slice(0, longestText);
  return { ...finding, text: cut(finding.text), fix: finding.fix === null ? null : cut(finding.fix) };
}

/** What cannot be rendered is a finding of its own (see `checkTemplates`), and the dry run shows its place empty. */
function promptOf(...[facts, templates]: Parameters<typeof renderPrompt>): string {
  try {
    return renderPrompt(facts, templates);
  } catch {
    return '';
  }
}

function checkTemplates(definition: AgentDefinition): Finding[] {
  return (['bootstrapPromptTemplate', 'promptTemplate'] as const).flatMap((field) =>
    findTemplateMistakes(definition[field] ?? '').map(({ message, line }) => {
      const text = `${field}, line ${String(line)}: ${message}`;
      return { id: 'template', level: 'error', text, fix: 'Correct the template in the configuration file.' };
    }),
  );
}

function ok(id: string, text: string): Finding {
  return { id, level: 'ok', text, fix: null };
}

async function checkFolder({ cwd }: AgentDefinition): Promise<Finding[]> {
  const fix = 'Create it, or correct cwd.';
  try {
    if (!(await stat(cwd)).isDirectory()) return [{ id: 'cwd', level: 'error', text: `${cwd} is not a folder.`, fix }];
  } catch {
    return [{ id: 'cwd', level: 'error', text: `Its folder ${cwd} does not exist.`, fix }];
  }
  try {
    await access(cwd, constants.W_OK | constants.X_OK);
    return [ok('cwd', `Its folder ${cwd} is there and may be written to.`)];
  } catch {
    const text = `Its folder ${cwd} may not be written to.`;
    return [{ id: 'cwd', level: 'warning', text, fix: 'Correct its permissions if the agent shall change files.' }];
  }
}

/** Names only: a value has no place in a finding. */
function checkSecrets(definition: AgentDefinition, known: Readonly<Record<string, string>>): Finding[] {
  const names = secretNamesOf(definition);
  if (names.length === 0) return [];
  const missing = names.filter((name) => !Object.hasOwn(known, name));
  const short = names.filter((name) => (known[name] ?? '').length < shortestSecret);
  if (missing.length === 0 && short.length > 0) {
    const fix = `Use values of at least ${String(shortestSecret)} characters.`;
    const text = `Secrets too short to be kept out of logs: ${short.join(', ')}.`;
    return [{ id: 'secrets', level: 'warning', text, fix }];
  }
  if (missing.length === 0) return [ok('secrets', `All its secrets are set: ${names.join(', ')}.`)];
  const fix = 'Set them with “Reveille: Set Secret…”; its wakes wait until then.';
  return [{ id: 'secrets', level: 'error', text: `Secrets that are not set: ${missing.join(', ')}.`, fix }];
}
