/**
 * Why a run came to nothing for the moment only, so that it is worth another try; null for every other end.
 * `transient`: likely to be over soon. `rate_limit`: its provider lets nothing through until a time (epoch ms; null if it did not
 * say); `limit` names what is exhausted, such as "requests". Together with the agent's provider it is what is waited for.
 */
export type Setback =
  | { readonly kind: 'transient' }
  | { readonly kind: 'rate_limit'; readonly limit: string; readonly until: number | null };
