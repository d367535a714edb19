import type { Tone } from '../src/dashboardProtocol.ts';
import { element } from './element.ts';

/** A state in words with a coloured dot, whose shape differs too, for those who do not see the colour. */
export function statusMark(text: string, tone: Tone): HTMLElement {
  const dot = element('span', { className: `dot dot-${tone}`, attributes: { 'aria-hidden': 'true' } });
  return element(
    'span',
    { className: `status status-${tone}` },
    dot,
    element('span', { className: 'status-text', text }),
  );
}
