import { userActor } from '../governance/audit.ts';
import type { SecretDesk } from '../secretDesk.ts';
import type { RequestHandlers } from '../server.ts';
import { assertTrusted } from './agentRequests.ts';

/** Requests about secrets. None of them ever answers a value. */
export function secretRequests({
  secrets,
}: {
  readonly secrets: Pick<SecretDesk, 'offer' | 'forget'>;
}): Pick<RequestHandlers, 'secrets.offer' | 'secrets.forget'> {
  return {
    'secrets.offer': async ({ values }, client) => {
      assertTrusted(client);
      return { changed: await secrets.offer(values, userActor(client)) };
    },
    'secrets.forget': async ({ names }, client) => {
      assertTrusted(client);
      return { changed: await secrets.forget(names, userActor(client)) };
    },
  };
}
