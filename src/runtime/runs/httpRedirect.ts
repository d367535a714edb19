import type { IncomingHttpHeaders } from 'node:http';

type Redirect =
  | { readonly kind: 'none' }
  | { readonly kind: 'to'; readonly url: URL }
  /** `why` completes "The server …". */
  | { readonly kind: 'refused'; readonly why: string };

const redirects = new Set([301, 302, 303, 307, 308]);

/**
 * Whether an answer sends elsewhere, and where: never to another origin, which would get the headers and their secrets, and
 * never with another method than was asked with (RFC 9110, 15.4: 301 to 303 make a GET of a POST in practice).
 */
export function redirectTarget(
  method: string,
  from: URL,
  { status, headers }: { readonly status: number; readonly headers: IncomingHttpHeaders },
): Redirect {
  if (!redirects.has(status) || headers.location === undefined) return { kind: 'none' };
  if (method !== 'GET' && status <= 303) {
    return {
      kind: 'refused',
      why: `redirected with ${String(status)}, which turns ${method} into GET; name the final url, or let it answer 307 or 308`,
    };
  }
  const url = resolveSameOrigin(headers.location, from);
  if (url !== null) return { kind: 'to', url };
  return {
    kind: 'refused',
    why: 'redirected to another origin, which must not get the headers of the agent; name the final url in the configuration',
  };
}

/** The address that a server named, if it is one of its own origin; null for all others, and for one with credentials. */
export function resolveSameOrigin(address: string, from: URL): URL | null {
  if (!URL.canParse(address, from.href)) return null;
  const url = new URL(address, from.href);
  return url.origin === from.origin && url.username === '' && url.password === '' ? url : null;
}
