/**
 * Lays environments over one another; a later one wins. On Windows, names that differ only in case are one
 * variable: the later spelling and value stay.
 */
export function layerEnvironments(
  platform: NodeJS.Platform,
  layers: readonly Readonly<Record<string, string>>[],
): Record<string, string> {
  const merged = new Map<string, [name: string, value: string]>();
  for (const [name, value] of layers.flatMap((layer) => Object.entries(layer))) {
    merged.set(platform === 'win32' ? name.toUpperCase() : name, [name, value]);
  }
  return Object.fromEntries(merged.values());
}
