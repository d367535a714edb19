import type { PageAction, PageSubject } from '../src/dashboardProtocol.ts';
import type { Translate } from '../src/format.ts';
import type { PageClock } from './clock.ts';

/** What every component of the page works with. */
export interface Page {
  readonly t: Translate;
  readonly clock: PageClock;
  /** Asks the panel to do something. */
  readonly send: (action: PageAction, subject?: PageSubject) => void;
}
