import * as path from 'node:path';
import { UnsyncedContent, type Loss } from './unsyncedContent.ts';

/** What a name stands for. */
export type Entry = UnsyncedContent | 'directory';

/** One thing that was done to names, maybe in two directories. A power loss keeps all of it or nothing. */
type Action = readonly EntryChange[];

interface EntryChange {
  readonly place: string;
  /** Null: the name is gone. */
  readonly entry: Entry | null;
}

/** The names of a disk, as absolute paths: what programs see, what is on the disk, and the changes between the two. */
export class UnsyncedEntries {
  #seen = new Map<string, Entry>();
  #onDisk = new Map<string, Entry>();
  /** In the order of the calls. */
  #unsynced: { readonly action: Action; readonly change: EntryChange }[] = [];

  get(place: string): Entry | undefined {
    return place === path.resolve(place, '..') ? 'directory' : this.#seen.get(place);
  }

  /** The names in a directory. */
  list(directory: string): string[] {
    const inside = [...this.#seen.keys()].filter((place) => path.dirname(place) === directory);
    return inside.map((place) => path.basename(place));
  }

  /** All files by path. */
  files(): [string, UnsyncedContent][] {
    const files = [...this.#seen].filter((pair): pair is [string, UnsyncedContent] => pair[1] !== 'directory');
    return files.sort(([a], [b]) => (a < b ? -1 : 1));
  }

  act(action: Action): void {
    for (const change of action) {
      setEntry(this.#seen, change);
      this.#unsynced.push({ action, change });
    }
  }

  /** What `flush` shall bring to the disk: the changes in a directory up to now. */
  mark(directory: string): ReadonlySet<EntryChange> {
    const changes = this.#unsynced.map(({ change }) => change);
    return new Set(changes.filter(({ place }) => path.dirname(place) === directory));
  }

  flush(marked: ReadonlySet<EntryChange>): void {
    for (const { change } of this.#unsynced) if (marked.has(change)) setEntry(this.#onDisk, change);
    this.#unsynced = this.#unsynced.filter(({ change }) => !marked.has(change));
  }

  /** A copy with its own future. */
  copy(): UnsyncedEntries {
    const twins = new Map<UnsyncedContent, UnsyncedContent>();
    return this.#convert((content) => {
      const twin = twins.get(content) ?? content.copy();
      twins.set(content, twin);
      return twin;
    });
  }

  /** What is there after a power loss. */
  afterPowerLoss(loss: Loss): UnsyncedEntries {
    const kept = this.#chooseKept(loss);
    const left = new UnsyncedEntries();
    left.#onDisk = new Map(this.#onDisk);
    for (const { action, change } of this.#unsynced) if (kept.has(action)) setEntry(left.#onDisk, change);
    for (const place of [...left.#onDisk.keys()].sort()) {
      const parent = path.dirname(place);
      if (parent !== path.dirname(parent) && left.#onDisk.get(parent) !== 'directory') left.#onDisk.delete(place);
    }
    const contents = new Map<UnsyncedContent, UnsyncedContent>();
    const after = left.#convert((content) => {
      const remains = contents.get(content) ?? content.afterPowerLoss(loss);
      contents.set(content, remains);
      return remains;
    });
    after.#seen = new Map(after.#onDisk);
    return after;
  }

  /** A name cannot survive without the directories above it. */
  #chooseKept({ random, kept }: Loss): Set<Action> {
    const actions = [...new Set(this.#unsynced.map(({ action }) => action))];
    const chosen = new Set(actions.filter(() => random() < kept));
    const isAbove = (directory: string) => (place: string) => place.startsWith(directory + path.sep);
    const places = [...chosen].flatMap((action) => action.map(({ place }) => place));
    for (const { action, change } of this.#unsynced) {
      if (change.entry === 'directory' && places.some(isAbove(change.place))) chosen.add(action);
    }
    return chosen;
  }

  #convert(convertContent: (content: UnsyncedContent) => UnsyncedContent): UnsyncedEntries {
    const convert = <T extends Entry | null>(entry: T): T | UnsyncedContent =>
      entry instanceof UnsyncedContent ? convertContent(entry) : entry;
    const convertMap = (map: Map<string, Entry>): Map<string, Entry> =>
      new Map([...map].map(([place, entry]) => [place, convert<Entry>(entry)]));
    const actions = new Map<Action, Action>();
    const result = new UnsyncedEntries();
    result.#seen = convertMap(this.#seen);
    result.#onDisk = convertMap(this.#onDisk);
    result.#unsynced = this.#unsynced.map(({ action, change }) => {
      const twin = actions.get(action) ?? action.map(({ place, entry }) => ({ place, entry: convert(entry) }));
      actions.set(action, twin);
      return { action: twin, change: twin[action.indexOf(change)] ?? change };
    });
    return result;
  }
}

function setEntry(entries: Map<string, Entry>, { place, entry }: EntryChange): void {
  if (entry === null) entries.delete(place);
  else entries.set(place, entry);
}
