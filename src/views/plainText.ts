/**
 * Texts that did not come from us, made safe for places where the editor reads a little markup: messages turn
 * `[text](command:…)` into a link that runs a command, and lists turn `$(name)` into an icon.
 */

/** A text for a message: what looks like a link stays text. */
export function plainMessage(text: string): string {
  return text.replaceAll('](', ']\u200b(');
}

/** A text for a list, a status bar message or another place that draws icons: what looks like an icon stays text. */
export function plainLabel(text: string): string {
  return text.replaceAll('$(', '\\$(');
}
