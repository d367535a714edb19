/** Texts that change with time alone, brought up to date once a second while the page is visible. */
export class PageClock {
  readonly #texts = new Map<HTMLElement, (now: number) => string>();

  constructor() {
    window.setInterval(() => {
      if (!document.hidden) this.tick();
    }, 1000);
    document.addEventListener('visibilitychange', () => {
      if (!document.hidden) this.tick();
    });
  }

  /** Keeps the text of an element at what `text` says, until the element has left the page. */
  keep<E extends HTMLElement>(element: E, text: (now: number) => string): E {
    this.#texts.set(element, text);
    element.textContent = text(Date.now());
    return element;
  }

  tick(): void {
    const now = Date.now();
    for (const [element, text] of this.#texts) {
      if (!element.isConnected) {
        this.#texts.delete(element);
        continue;
      }
      const wanted = text(now);
      if (element.textContent !== wanted) element.textContent = wanted;
    }
  }
}
