import type { NamedSecret } from './runs/secretForms.ts';

/** All values together, in characters: what is looked for in every output costs memory, and time with each change. */
export const mostCharacters = 65_536;

/**
 * The values of secrets, in memory only. A value that was replaced or removed is no longer handed out, but still kept out of
 * outputs: whoever got it before may yet tell it.
 */
export class SecretVault {
  readonly #values = new Map<string, string>();
  #known: readonly NamedSecret[] = [];

  /** Every value that there has been; another array whenever it becomes more. */
  get known(): readonly NamedSecret[] {
    return this.#known;
  }

  has(name: string): boolean {
    return this.#values.has(name);
  }

  /** True if that is the value already. */
  isSame(name: string, value: string): boolean {
    return this.#values.get(name) === value;
  }

  /** Whether there is room for these values, beside those that are there and stay. */
  hasRoomFor(values: Readonly<Record<string, string>>): boolean {
    const all = new Map([...this.#values, ...Object.entries(values)]);
    return lengthOf([...all.values()]) <= mostCharacters;
  }

  set(name: string, value: string): void {
    this.#values.set(name, value);
    if (this.#known.some((one) => one.name === name && one.value === value)) return;
    this.#known = this.#withoutOldest([...this.#known, { name, value }]);
  }

  /** Without the oldest of those that were replaced, once these alone would fill the room. */
  #withoutOldest(known: readonly NamedSecret[]): readonly NamedSecret[] {
    const former = known.filter(({ name, value }) => this.#values.get(name) !== value);
    let excess = lengthOf(former.map(({ value }) => value)) - mostCharacters;
    const dropped = new Set<NamedSecret>();
    for (const one of former) {
      if (excess <= 0) break;
      dropped.add(one);
      excess -= one.value.length;
    }
    return known.filter((one) => !dropped.has(one));
  }

  delete(name: string): void {
    this.#values.delete(name);
  }

  /** The values of those of these names that there are. */
  presentOf(names: readonly string[]): Readonly<Record<string, string>> {
    const present = names.filter((name) => this.#values.has(name));
    return Object.fromEntries(present.map((name) => [name, this.#values.get(name) ?? '']));
  }

  /** The values of these names; null unless there is one for each. */
  valuesOf(names: readonly string[]): Readonly<Record<string, string>> | null {
    return names.every((name) => this.#values.has(name)) ? this.presentOf(names) : null;
  }
}

function lengthOf(values: readonly string[]): number {
  return values.reduce((sum, { length }) => sum + length, 0);
}
