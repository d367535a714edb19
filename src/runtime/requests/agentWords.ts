import { RunRedaction, type RunSecrets } from '../runs/runSecrets.ts';
import type { RequestHandlers } from '../server.ts';
import type { ClientContext } from '../serverClient.ts';
import { findAgent } from '../store/agentTable.ts';
import type { Reader } from '../store/store.ts';

/** What is text in the parameters of requests; the rest names things, and must stay what it is. */
const texts: ReadonlySet<string> = new Set(['title', 'body', 'text', 'reason']);

/**
 * The same handlers, which get what an agent says from its run (issues, comments) without the secrets in it: it is kept, shown and
 * told to other agents like the output of its run. What people say stays as it is.
 */
export function withoutSecretsOfAgents(
  handlers: RequestHandlers,
  { store, secrets }: { readonly store: Reader; readonly secrets: Pick<RunSecrets, 'known' | 'isUsed'> },
): RequestHandlers {
  const guarded = Object.entries(handlers).map(([method, handler]) => {
    const ask = handler as (params: unknown, client: ClientContext) => unknown;
    const guard = (params: unknown, client: ClientContext): unknown => {
      const definition = client.run === null ? undefined : findAgent(store, client.run.agent)?.definition;
      if (definition === undefined) return ask(params, client);
      const redaction = new RunRedaction(secrets, definition);
      return ask(
        changeTexts(params, (text) => redaction.text(text)),
        client,
      );
    };
    return [method, guard];
  });
  return Object.fromEntries(guarded) as RequestHandlers;
}

function changeTexts(value: unknown, change: (text: string) => string): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, part]: [string, unknown]) => [
      name,
      texts.has(name) && typeof part === 'string' ? change(part) : changeTexts(part, change),
    ]),
  );
}
