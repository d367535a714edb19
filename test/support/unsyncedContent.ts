/** A power loss, and the share of what was not flushed that it leaves: 0 is nothing, 1 everything. */
export interface Loss {
  readonly random: () => number;
  readonly kept: number;
}

/** What a write or a truncation has changed, in the order of the calls. */
interface Change {
  readonly number: number;
  readonly at: number;
  /** Null: the file ends at `at`. */
  readonly bytes: Buffer | null;
  /** A flush of it failed: the system takes it for written and never tries again. */
  isForgotten: boolean;
}

const sectorBytes = 512;

/** The content of one file: what programs see, what is on the disk, and the changes between the two. */
export class UnsyncedContent {
  #seen: Buffer;
  #seenLength: number;
  #onDisk: Buffer;
  #changes: Change[] = [];
  #nextNumber = 0;

  constructor(bytes: Buffer = Buffer.alloc(0)) {
    this.#seen = Buffer.from(bytes);
    this.#seenLength = bytes.length;
    this.#onDisk = Buffer.from(bytes);
  }

  /** A copy of what programs see. */
  read(): Buffer {
    return Buffer.from(this.#seen.subarray(0, this.#seenLength));
  }

  write(bytes: Uint8Array, at: number): void {
    if (bytes.length === 0) return;
    const copy = Buffer.from(bytes);
    const end = at + bytes.length;
    if (end > this.#seen.length) this.#seen = resize(this.#seen, Math.max(end, this.#seen.length * 2));
    copy.copy(this.#seen, at);
    this.#seenLength = Math.max(this.#seenLength, end);
    this.#note(at, copy);
  }

  truncate(length: number): void {
    this.#seen = resize(this.#seen, length);
    this.#seenLength = length;
    this.#note(length, null);
  }

  /** Names the changes up to now, for `flush`. */
  mark(): number {
    return this.#nextNumber;
  }

  /** Brings the changes before a mark to the disk, but for those whose flush failed earlier. */
  flush(mark = this.mark()): void {
    const isDone = ({ number, isForgotten }: Change): boolean => number < mark && !isForgotten;
    for (const change of this.#changes.filter(isDone)) this.#onDisk = apply(this.#onDisk, change);
    this.#changes = this.#changes.filter((change) => !isDone(change));
  }

  /** A flush that fails: programs go on seeing the changes, and no later flush writes them. */
  failToFlush(mark = this.mark()): void {
    for (const change of this.#changes) if (change.number < mark) change.isForgotten = true;
  }

  /** What `seen` is, from now on on the disk. */
  rewrite(): void {
    this.#onDisk = this.read();
    this.#changes = [];
  }

  /** A copy with its own future. */
  copy(): UnsyncedContent {
    const copy = new UnsyncedContent(this.read());
    copy.#onDisk = Buffer.from(this.#onDisk);
    copy.#changes = this.#changes.map((change) => ({ ...change }));
    copy.#nextNumber = this.#nextNumber;
    return copy;
  }

  /** What is there after a power loss: of each change all, nothing, or some of its sectors. */
  afterPowerLoss(loss: Loss): UnsyncedContent {
    let bytes: Buffer = Buffer.from(this.#onDisk);
    for (const change of this.#changes) bytes = applyPartly(bytes, change, loss);
    return new UnsyncedContent(bytes);
  }

  #note(at: number, bytes: Buffer | null): void {
    this.#changes.push({ number: this.#nextNumber, at, bytes, isForgotten: false });
    this.#nextNumber += 1;
  }
}

/** The file after a change; its buffer is used again where it has room. */
function apply(file: Buffer, { at, bytes }: Pick<Change, 'at' | 'bytes'>): Buffer {
  if (bytes === null) return resize(file, at);
  const result = lengthen(file, at + bytes.length);
  bytes.copy(result, at);
  return result;
}

function applyPartly(file: Buffer, { at, bytes }: Pick<Change, 'at' | 'bytes'>, { random, kept }: Loss): Buffer {
  const isTorn = bytes !== null && bytes.length > 1 && random() < 0.3;
  if (!isTorn) return random() < kept ? apply(file, { at, bytes }) : file;
  const end = at + bytes.length;
  // The new length may be on the disk without the content: zeros.
  let result = random() < kept ? lengthen(file, end) : file;
  for (let from = at; from < end;) {
    const to = Math.min(end, (Math.floor(from / sectorBytes) + 1) * sectorBytes);
    if (random() < kept) result = apply(result, { at: from, bytes: bytes.subarray(from - at, to - at) });
    from = to;
  }
  return result;
}

function lengthen(bytes: Buffer, length: number): Buffer {
  return length > bytes.length ? resize(bytes, length) : bytes;
}

/** A copy of another length: cut, or continued with zeros. */
function resize(bytes: Buffer, length: number): Buffer {
  const result = Buffer.alloc(length);
  bytes.copy(result, 0, 0, Math.min(length, bytes.length));
  return result;
}
