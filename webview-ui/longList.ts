import { element } from './element.ts';
import type { Page } from './page.ts';

/** A list of which only the first entries are shown until the user asks for all. */
export interface LongListOptions<T> {
  readonly id: string;
  readonly className: string;
  readonly entries: readonly T[];
  /** Entries shown at first. */
  readonly most: number;
  readonly draw: (entry: T) => HTMLElement;
}

export function longList<T>(options: LongListOptions<T>, page: Page): HTMLElement {
  const { id, className, entries, most, draw } = options;
  const isWhole = page.wholeLists.has(id);
  const shown = isWhole ? entries : entries.slice(0, most);
  const list = element('ul', { className }, ...shown.map(draw));
  if (entries.length <= most) return list;
  const toggle = element('button', {
    className: 'link more',
    text: isWhole ? page.t('Show fewer') : page.t('Show all {0}', entries.length),
    attributes: { type: 'button', 'aria-expanded': String(isWhole), 'data-name': `all-${id}` },
  });
  toggle.addEventListener('click', () => {
    page.toggleList(id);
  });
  return element('div', {}, list, toggle);
}
