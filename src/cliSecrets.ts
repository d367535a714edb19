import type { Readable } from 'node:stream';
import type { FolderConnection } from './connection/connection.ts';
import { UserError } from './runtime/errors.ts';

export const secretUsage = `  secrets                    the secrets that agents need, and which of them are set
  secret set <name>          give the runtime a secret, read from standard input, for as long as it lives
  secret remove <name>       have it forget one`;

/** Shorter values are not kept out of logs; see `shortestSecret` of the runtime. */
const shortestHidden = 6;

/** What a command about secrets works with. */
interface SecretCommand {
  readonly connection: Pick<FolderConnection, 'request'>;
  /** What follows the command. */
  readonly words: readonly string[];
  readonly input: Readable & { readonly isTTY?: boolean };
  readonly print: (line: string) => void;
}

/** Commands about secrets; each answers the exit code. A value is never an argument: every program of the machine can read those. */
export const secretCommands: Readonly<Record<string, (command: SecretCommand) => Promise<number>>> = {
  secrets: async ({ connection, print }) => {
    const { secrets } = await connection.request('runtime.status', {});
    for (const { name, agents, isSet } of secrets)
      print(`${name.padEnd(30)} ${isSet ? 'set    ' : 'missing'}  ${agents.join(', ')}`);
    if (secrets.length === 0) print('No agent needs a secret.');
    return 0;
  },
  secret: async ({ connection, words, input, print }) => {
    const [verb, name = ''] = words;
    if ((verb !== 'set' && verb !== 'remove') || !/^[A-Za-z_][A-Za-z0-9_]{0,99}$/.test(name) || words.length > 2)
      throw new UserError('invalid', `Say "secret set <name>" or "secret remove <name>".\n\n${secretUsage}`);
    if (verb === 'set') {
      const value = await readValue(input, name);
      const { changed } = await connection.request('secrets.offer', { values: { [name]: value } });
      print(
        changed === 0 ? `${name} has that value already.` : `${name} is set until the runtime of this folder ends.`,
      );
      if (value.length < shortestHidden) print('So short a value is not kept out of logs.');
    } else {
      const { changed } = await connection.request('secrets.forget', { names: [name] });
      print(changed === 0 ? `${name} is not set.` : `${name} is forgotten; what runs already has it.`);
    }
    return 0;
  },
};

/** All of standard input, without the line end that ends it. @throws UserError where that would be shown as it is typed */
async function readValue(input: SecretCommand['input'], name: string): Promise<string> {
  if (input.isTTY === true) {
    throw new UserError(
      'invalid',
      `Pass the value on standard input, so that it is neither shown nor in a list of processes: reveille secret set ${name} < FILE`,
    );
  }
  const pieces: Buffer[] = [];
  for await (const piece of input) pieces.push(piece as Buffer);
  const value = Buffer.concat(pieces)
    .toString('utf8')
    .replace(/\r?\n$/, '');
  if (value === '') throw new UserError('invalid', 'Standard input is empty: there is no value to set.');
  if (value.length > 8192) throw new UserError('invalid', 'That is too long: a secret has at most 8192 characters.');
  return value;
}
