import { element } from './element.ts';

/** One part of a page: what it is made from, and how. */
export interface Part {
  readonly from: unknown;
  readonly draw: () => HTMLElement[];
}

/**
 * Keeps named parts of a page up to date. A part whose source did not change is left alone; one that is drawn
 * anew gives the keyboard focus back to the control with the same name.
 */
export function replaceParts(root: HTMLElement): (parts: Readonly<Record<string, Part>>) => void {
  const slots = new Map<string, { frame: HTMLElement; source: string }>();
  return (parts) => {
    for (const [name, part] of Object.entries(parts)) {
      const source = JSON.stringify(part.from);
      const known = slots.get(name);
      if (known?.source === source) continue;
      const frame = known?.frame ?? root.appendChild(element('div', { className: `part part-${name}` }));
      slots.set(name, { frame, source });
      const focused = focusedName(frame);
      frame.replaceChildren(...part.draw());
      if (focused !== null)
        controls(frame)
          .find((control) => nameOf(control) === focused)
          ?.focus();
    }
  };
}

function focusedName(frame: HTMLElement): string | null {
  const active = document.activeElement;
  return active instanceof HTMLElement && frame.contains(active) ? nameOf(active) : null;
}

function controls(frame: HTMLElement): HTMLElement[] {
  return [...frame.querySelectorAll<HTMLElement>('vscode-button, button')];
}

function nameOf(control: HTMLElement): string {
  return control.dataset['name'] ?? control.getAttribute('aria-label') ?? `${control.title} ${control.textContent}`;
}
