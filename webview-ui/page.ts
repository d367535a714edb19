import type { PageAction, PageSubject } from '../src/dashboardProtocol.ts';
import type { Translate } from '../src/format.ts';
import type { PageClock } from './clock.ts';

/** What every component of the page works with. */
export interface Page {
  readonly t: Translate;
  readonly clock: PageClock;
  /** Asks the panel to do something. */
  readonly send: (action: PageAction, subject?: PageSubject) => void;
  /** Ids of the long lists that the user wants to see whole. */
  readonly wholeLists: ReadonlySet<string>;
  /** Shows a list whole, or cuts it again. */
  readonly toggleList: (id: string) => void;
}
