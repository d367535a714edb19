import { formsOf, type NamedSecret } from './secretForms.ts';

/** So many children are looked at one after the other. */
const longestWalk = 8;

/**
 * Finds any of many byte strings in one pass over a stream: the automaton of Aho and Corasick (Efficient string matching, 1975).
 * Its states are numbered; 0 is the beginning. Nodes are kept as lists of children, because secrets are long and share little.
 */
export class SecretMatcher {
  /** The length of the shortest form, in bytes. */
  readonly shortest: number;
  /** What is put in the place of a match, by the state's `labelAt`. */
  readonly labels: readonly Buffer[];
  readonly #fromRoot = new Int32Array(256);
  readonly #byteOf: Uint8Array;
  readonly #firstChild: Int32Array;
  readonly #sibling: Int32Array;
  readonly #fallback: Int32Array;
  readonly #depth: Int32Array;
  readonly #matchLength: Int32Array;
  readonly #labelOf: Int32Array;
  /** By two bytes: how far the search may go on when these end the shortest form's window (Wu and Manber, 1994). */
  readonly #shift = new Uint8Array(65_536);
  readonly #wide = new Map<number, Int32Array>();
  #states = 1;

  private constructor(forms: readonly { readonly bytes: Buffer; readonly label: number }[], labels: readonly Buffer[]) {
    const size = 1 + countNodes(forms.map(({ bytes }) => bytes));
    this.labels = labels;
    this.shortest = forms.reduce((least, { bytes }) => Math.min(least, bytes.length), 255);
    this.#byteOf = new Uint8Array(size);
    this.#firstChild = new Int32Array(size);
    this.#sibling = new Int32Array(size);
    this.#fallback = new Int32Array(size);
    this.#depth = new Int32Array(size);
    this.#matchLength = new Int32Array(size);
    this.#labelOf = new Int32Array(size);
    this.#shift.fill(this.shortest - 1);
    for (const { bytes, label } of forms) this.#add(bytes, label);
    this.#link();
  }

  /** Of all forms of these secrets; null if none is long enough to be looked for. */
  static of(secrets: readonly NamedSecret[]): SecretMatcher | null {
    const forms = secrets.flatMap(({ value }, label) => formsOf(value).map((bytes) => ({ bytes, label })));
    if (forms.length === 0) return null;
    return new SecretMatcher(
      forms,
      secrets.map(({ name }) => Buffer.from(`[secret ${name}]`)),
    );
  }

  /** The state after one more byte. */
  step(from: number, byte: number): number {
    for (let state = from; state !== 0; state = this.#fallback[state] ?? 0) {
      const child = this.#childOf(state, byte);
      if (child !== 0) return child;
    }
    return this.#fromRoot[byte] ?? 0;
  }

  /** At the beginning, before `data[at]`: where the next form may begin; at most `data.length`. */
  skip(data: Uint8Array, at: number): number {
    const window = this.shortest - 1;
    let place = at;
    while (place + window < data.length) {
      const last = place + window;
      const shift = this.#shift[((data[last - 1] ?? 0) << 8) | (data[last] ?? 0)] ?? 0;
      if (shift === 0) return place;
      place += shift;
    }
    return place;
  }

  /** How many of the last bytes may be the beginning of a form that is still to come. */
  depthAt(state: number): number {
    return this.#depth[state] ?? 0;
  }

  /** The length of the longest form that ends here; 0 = none does. */
  matchAt(state: number): number {
    return this.#matchLength[state] ?? 0;
  }

  /** Whose form it is: an index into `labels`. */
  labelAt(state: number): number {
    return this.#labelOf[state] ?? 0;
  }

  #childOf(state: number, byte: number): number {
    let child = this.#firstChild[state] ?? 0;
    for (let walked = 0; child !== 0 && this.#byteOf[child] !== byte; walked += 1) {
      if (walked === longestWalk) return this.#wideTable(state)[byte] ?? 0;
      child = this.#sibling[child] ?? 0;
    }
    return child;
  }

  /** The few states near the beginning that have many children; a table of each is made when it is first needed. */
  #wideTable(state: number): Int32Array {
    const known = this.#wide.get(state);
    if (known !== undefined) return known;
    const table = new Int32Array(256);
    for (let child = this.#firstChild[state] ?? 0; child !== 0; child = this.#sibling[child] ?? 0)
      table[this.#byteOf[child] ?? 0] = child;
    this.#wide.set(state, table);
    return table;
  }

  #add(bytes: Buffer, label: number): void {
    let state = 0;
    for (const [index, byte] of bytes.entries()) {
      state = (state === 0 ? this.#fromRoot[byte] : this.#childOf(state, byte)) || this.#grow(state, byte);
      this.#depth[state] = index + 1;
    }
    // Two secrets may have a form in common: the first one names it.
    if (this.#matchLength[state] === 0) this.#labelOf[state] = label;
    this.#matchLength[state] = bytes.length;
    for (let last = 1; last < this.shortest; last += 1) {
      const block = ((bytes[last - 1] ?? 0) << 8) | (bytes[last] ?? 0);
      this.#shift[block] = Math.min(this.#shift[block] ?? 0, this.shortest - 1 - last);
    }
  }

  #grow(parent: number, byte: number): number {
    const state = this.#states;
    this.#states += 1;
    this.#byteOf[state] = byte;
    if (parent === 0) this.#fromRoot[byte] = state;
    else {
      this.#sibling[state] = this.#firstChild[parent] ?? 0;
      this.#firstChild[parent] = state;
      const table = this.#wide.get(parent);
      if (table !== undefined) table[byte] = state;
    }
    return state;
  }

  /** Level by level: where to go on when no child fits, and which form ends there. */
  #link(): void {
    const queue = [...this.#fromRoot].filter((state) => state !== 0);
    for (const state of queue) {
      const fallback = this.#fallback[state] ?? 0;
      if (this.#matchLength[state] === 0) {
        this.#matchLength[state] = this.#matchLength[fallback] ?? 0;
        this.#labelOf[state] = this.#labelOf[fallback] ?? 0;
      }
      // What nothing can follow need not be waited for.
      if (this.#firstChild[state] === 0) this.#depth[state] = this.#depth[fallback] ?? 0;
      for (let child = this.#firstChild[state] ?? 0; child !== 0; child = this.#sibling[child] ?? 0) {
        this.#fallback[child] = this.step(fallback, this.#byteOf[child] ?? 0);
        queue.push(child);
      }
    }
  }
}

/** How many nodes the tree of these words has besides its root: of each word what it does not share with its neighbour in order. */
function countNodes(words: readonly Buffer[]): number {
  const sorted = [...words].sort((a, b) => a.compare(b));
  return sorted.reduce((sum, word, index) => sum + word.length - sharedLength(word, sorted[index - 1]), 0);
}

function sharedLength(word: Buffer, other: Buffer = Buffer.alloc(0)): number {
  const most = Math.min(word.length, other.length);
  let length = 0;
  while (length < most && word[length] === other[length]) length += 1;
  return length;
}
