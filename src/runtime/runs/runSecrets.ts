import type { AgentDefinition } from '../definition.ts';
import { LineRedactor } from './jsonNumbers.ts';
import type { OutputStage } from './outputStage.ts';
import { redactText, type SecretSource } from './redactor.ts';
import { shortestSecret, type NamedSecret } from './secretForms.ts';

/** What a run is given of secrets. */
export interface RunSecrets {
  /** The values of all secrets that a definition names, by name; null if one is not there. */
  valuesOf(definition: AgentDefinition): Readonly<Record<string, string>> | null;
  /** The values of those that are there. */
  presentOf(definition: AgentDefinition): Readonly<Record<string, string>>;
  /** All that is to be kept out of outputs at the moment; another array when that has changed. */
  known(): readonly NamedSecret[];
  /** False while there are no secrets in the folder, and nobody needs one: then nothing can become known either. */
  readonly isUsed: boolean;
}

/** As a word of its own: `MAX_TOKENS` and `KEYBOARD` are none. */
const looksSecret = /(?:^|[_-]|[a-z](?=[A-Z]))(?:token|key|secret|password|passwd|authorization|cookie)(?:$|[_\d-])/i;
/** A number, a switch or a path: kept out of outputs it would spoil them, numbers in JSON above all. */
const looksPlain = /^(?:[\d.]+|true|false|(?:\.{0,2}|~)\/[\w./-]*)$/i;

/**
 * What a definition holds in plain text under names that sound like secrets (environment and headers, its servers' too): their own
 * fault, but no reason to tell it on.
 */
function plainSecretsOf({ env, http, claude, codex }: AgentDefinition): NamedSecret[] {
  const servers = [claude, codex].flatMap((options) => Object.values(options?.mcpServers ?? {}));
  const texts = servers.map((server) => (server.type === 'http' ? server.headers : server.env));
  return [env, http?.headers ?? {}, ...texts]
    .flatMap((values) => Object.entries(values))
    .filter((entry): entry is [string, string] => typeof entry[1] === 'string')
    .filter(([name, value]) => looksSecret.test(name) && value.length >= shortestSecret && !looksPlain.test(value))
    .map(([name, value]) => ({ name, value }));
}

/** Keeps secrets out of all that one run tells. */
export class RunRedaction {
  readonly #source: SecretSource;
  readonly #isNeeded: boolean;

  constructor(secrets: Pick<RunSecrets, 'known' | 'isUsed'>, definition: AgentDefinition) {
    const own = plainSecretsOf(definition);
    this.#isNeeded = secrets.isUsed || own.length > 0;
    this.#source = own.length === 0 ? () => secrets.known() : joined(() => secrets.known(), own);
  }

  /** A stage for one output; null where there is nothing to keep out. */
  get stage(): (() => OutputStage) | null {
    return this.#isNeeded ? () => new LineRedactor(this.#source) : null;
  }

  text(text: string): string {
    return this.#isNeeded ? redactText(text, this.#source) : text;
  }
}

/** The same array as long as the first part of it is. */
function joined(source: SecretSource, own: readonly NamedSecret[]): SecretSource {
  let known: readonly NamedSecret[] | null = null;
  let all = own;
  return () => {
    const current = source();
    if (current !== known) all = [...current, ...own];
    known = current;
    return all;
  };
}
