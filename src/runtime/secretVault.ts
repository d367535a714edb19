import type { NamedSecret } from './runs/secretForms.ts';

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

  set(name: string, value: string): void {
    this.#values.set(name, value);
    if (!this.#known.some((one) => one.name === name && one.value === value)) {
      this.#known = [...this.#known, { name, value }];
    }
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
