import type { RequestHandlers } from '../server.ts';

/**
 * The same handlers, that ask first: `assertServing` throws once the state is given up, so that nothing is acknowledged that
 * would be gone with it. Only the question whether the runtime is there is always answered.
 */
export function onlyWhileServing(handlers: RequestHandlers, assertServing: () => void): RequestHandlers {
  const guarded = Object.entries(handlers).map(([method, handler]) => {
    const ask = handler as (...given: unknown[]) => unknown;
    const guard = (...given: unknown[]): unknown => {
      assertServing();
      return ask(...given);
    };
    return [method, method === 'runtime.status' ? handler : guard];
  });
  return Object.fromEntries(guarded) as RequestHandlers;
}
