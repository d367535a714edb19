/** Why a failed run may succeed later by itself: a fault that passes, or a limit of a provider until a time (epoch ms) if that is known. */
export type Setback =
  | { readonly kind: 'transient' }
  | { readonly kind: 'rate_limit'; readonly limit: string; readonly until: number | null };
