import { element } from './element.ts';

/** One part of the page under a heading, with what stands there when it has nothing to show. */
export interface SectionOptions {
  readonly id: string;
  readonly title: string;
  readonly count?: number;
  readonly actions?: readonly HTMLElement[];
}

export function section(options: SectionOptions, ...content: readonly HTMLElement[]): HTMLElement {
  const headingId = `${options.id}-heading`;
  const heading = element('h2', { text: options.title, attributes: { id: headingId } });
  const count =
    options.count === undefined || options.count === 0
      ? null
      : element('span', { className: 'count', text: String(options.count) });
  const header = element(
    'div',
    { className: 'section-header' },
    heading,
    count,
    element('div', { className: 'spacer' }),
    ...(options.actions ?? []),
  );
  return element(
    'section',
    { className: 'section', attributes: { id: options.id, 'aria-labelledby': headingId } },
    header,
    ...content,
  );
}

/** A sentence where a list would be. */
export function emptyText(text: string): HTMLElement {
  return element('p', { className: 'empty', text });
}
