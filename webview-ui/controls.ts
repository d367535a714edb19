/** The only place that knows the UI toolkit: a successor needs this file to change and no other. */
import { provideVSCodeDesignSystem, vsCodeButton, vsCodeProgressRing } from '@vscode/webview-ui-toolkit';

/** Makes the toolkit's elements known to the page; once. */
export function registerControls(): void {
  provideVSCodeDesignSystem().register(vsCodeButton(), vsCodeProgressRing());
}

/** How much a button asks for attention. */
export type ButtonLook = 'primary' | 'secondary';

/** A button of the editor's look. */
export interface ButtonOptions {
  readonly look: ButtonLook;
  /** Icon before the text. */
  readonly icon?: SVGElement;
  /** Said by screen readers instead of the text, when the text alone does not say what it is for. */
  readonly spoken?: string;
  readonly onPress: () => void;
}

export function button(text: string, options: ButtonOptions): HTMLElement {
  const element = document.createElement('vscode-button');
  element.setAttribute('appearance', options.look);
  if (options.icon !== undefined) {
    options.icon.setAttribute('slot', 'start');
    element.append(options.icon);
  }
  element.append(text);
  if (options.spoken !== undefined) {
    element.setAttribute('aria-label', options.spoken);
    element.title = options.spoken;
  }
  element.addEventListener('click', options.onPress);
  return element;
}

/** A ring that turns while something is under way. */
export function progressRing(): HTMLElement {
  const element = document.createElement('vscode-progress-ring');
  element.setAttribute('aria-hidden', 'true');
  return element;
}
