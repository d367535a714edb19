import type { HttpState } from '../adapters/httpState.ts';
import { resolveSameOrigin } from './httpRedirect.ts';

/** Where a server lets itself be asked about a run, and be told to stop it: addresses of the origin that the run was posted to. */
export class HttpAddresses {
  readonly #origin: string;
  #status: URL | null = null;
  #cancel: URL | null = null;

  constructor(posted: URL) {
    this.#origin = posted.origin;
  }

  get status(): URL | null {
    return this.#status;
  }

  /** How it is told to stop: with a POST if it named an address for that, else with DELETE; null if it named none. */
  get cancel(): { readonly method: 'POST' | 'DELETE'; readonly url: URL } | null {
    if (this.#cancel !== null) return { method: 'POST', url: this.#cancel };
    return this.#status === null ? null : { method: 'DELETE', url: this.#status };
  }

  /** Takes what an answer names; false if that is of another origin, which must not get the headers. */
  note({ statusUrl, cancelUrl }: Pick<HttpState, 'statusUrl' | 'cancelUrl'>, from: URL): boolean {
    if (statusUrl !== null) {
      const url = this.#resolve(statusUrl, from);
      if (url === null) return false;
      this.#status = url;
    }
    if (cancelUrl !== null) {
      const url = this.#resolve(cancelUrl, from);
      if (url === null) return false;
      this.#cancel = url;
    }
    return true;
  }

  #resolve(address: string, from: URL): URL | null {
    const url = resolveSameOrigin(address, from);
    return url?.origin === this.#origin ? url : null;
  }
}
