import { fork } from 'node:child_process';
import path from 'node:path';
import { build } from 'esbuild';
import type { Bench } from './figure.ts';
import type { StoreAnswers, StoreOrder } from './storeProgram.ts';

let bundling: Promise<string> | undefined;

/** Does one thing with a store in a process of its own. @throws Error if that process ends without an answer */
export async function askStore<K extends StoreOrder['kind']>(
  bench: Bench,
  order: Extract<StoreOrder, { readonly kind: K }>,
): Promise<StoreAnswers[K]> {
  const program = await (bundling ??= bundle(bench));
  const child = fork(program, [JSON.stringify(order)], { execArgv: [] });
  return new Promise((resolve, reject) => {
    child.on('message', (answer) => resolve(answer as StoreAnswers[K]));
    child.on('error', reject);
    child.on('exit', (code, signal) => {
      reject(new Error(`The process that should ${order.kind} a store ended (${String(signal ?? code)}).`));
    });
  });
}

/** As the product is: a process that has to strip types first is twice as big before it does anything. */
async function bundle({ production }: Bench): Promise<string> {
  const outfile = path.join(production.makeFolder('program'), 'storeProgram.cjs');
  const entryPoints = [path.join(import.meta.dirname, 'storeProgram.ts')];
  await build({ entryPoints, outfile, bundle: true, platform: 'node', format: 'cjs', mainFields: ['module', 'main'] });
  return outfile;
}
